#include "tests/cli/child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <thread>

namespace graft::cli {
namespace {

using Moment = std::chrono::steady_clock;

int milliseconds_since(Moment::time_point start) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(Moment::now() - start).count());
}

class OutputFile {
 public:
  OutputFile() : file_(std::tmpfile()) {
    if (!file_) throw std::runtime_error("no temporary file.");
    ::fcntl(::fileno(file_), F_SETFD, FD_CLOEXEC);
  }
  ~OutputFile() { std::fclose(file_); }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  int descriptor() const { return ::fileno(file_); }
  std::string text() const {
    std::string all(static_cast<size_t>(::lseek(descriptor(), 0, SEEK_END)), '\0');
    const auto count = ::pread(descriptor(), all.data(), all.size(), 0);
    all.resize(count < 0 ? 0 : static_cast<size_t>(count));
    return all;
  }

 private:
  std::FILE* file_;
};

// In the child, between fork and exec: system calls alone.
void put_stream(int descriptor, Stream stream, int file) {
  if (stream == Stream::file) ::dup2(file, descriptor);
  if (stream == Stream::closed) ::close(descriptor);
  if (stream == Stream::full) {
    const int full = ::open("/dev/full", O_WRONLY);
    ::dup2(full, descriptor);
    ::close(full);
  }
  if (stream == Stream::unread) {
    int ends[2];
    if (::pipe(ends) != 0) ::_exit(126);
    ::close(ends[0]);
    ::dup2(ends[1], descriptor);
    ::close(ends[1]);
  }
}

}  // namespace

Ended run_child(const Child& child) {
  const OutputFile out, err;
  std::vector<char*> arguments;
  for (const auto& word : child.words)
    arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::vector<std::string> variables;
  for (const auto& [name, value] : child.environment)
    variables.push_back(name + "=" + value);
  std::vector<char*> environment;
  for (auto& variable : variables)
    environment.push_back(variable.data());
  environment.push_back(nullptr);
  int input[2];
  if (::pipe2(input, O_CLOEXEC) != 0) throw std::runtime_error("no pipe.");

  const auto start = Moment::now();
  const pid_t id = ::fork();
  if (id < 0) throw std::runtime_error("no process.");
  if (id == 0) {
    const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(child.waits_for_input ? input[0] : nothing, STDIN_FILENO);
    put_stream(STDOUT_FILENO, child.out, out.descriptor());
    put_stream(STDERR_FILENO, child.err, err.descriptor());
    ::execve(arguments[0], arguments.data(), environment.data());
    ::_exit(127);
  }
  ::close(input[0]);
  Ended ended;
  int status = 0;
  auto since = start;
  bool sent = child.signal == 0;
  while (::waitpid(id, &status, WNOHANG) == 0) {
    if (!sent && milliseconds_since(start) >= child.after_milliseconds) {
      ::kill(id, child.signal);
      since = Moment::now();
      sent = true;
    }
    if (milliseconds_since(start) > child.at_most_milliseconds) {
      ended.hung = true;
      ::kill(id, SIGKILL);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  ::close(input[1]);
  ended.milliseconds = milliseconds_since(since);
  ended.killed = WIFSIGNALED(status);
  ended.code = ended.killed ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  ended.out = out.text();
  ended.err = err.text();
  return ended;
}

}  // namespace graft::cli
