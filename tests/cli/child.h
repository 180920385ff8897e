// The program as a child process: with streams that are files, closed, full or read by nobody, and a signal after a
// while.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace graft::cli {

enum class Stream { file, closed, full, unread };

struct Child {
  std::vector<std::string> words;  // the program and its arguments
  std::map<std::string, std::string> environment = {};
  Stream out = Stream::file, err = Stream::file;
  bool waits_for_input = false;  // its stdin is a pipe into which nobody writes; else /dev/null
  int signal = 0;                // sent once ...
  int after_milliseconds = 0;    // ... so much later
  int at_most_milliseconds = 60'000;
};

struct Ended {
  int code = -1;  // exit code; 128 + signal where one killed it
  bool killed = false;
  bool hung = false;     // had to be killed
  int milliseconds = 0;  // since the signal, or since the start
  std::string out, err;
};

Ended run_child(const Child& child);  // may be called from several threads

}  // namespace graft::cli
