// The only place that writes: results (and the line "test") to stdout, what is going on to stderr. On a terminal
// progress is a bar that is overwritten; in a pipe it is a line every ten seconds; --quiet and --json silence all but
// warnings and errors. A stream that takes nothing more (a closed terminal, a full disk) is no reason to stop: what is
// going on is then told to nobody, and results that were not taken are an error at the end. What is said is also kept
// in a run folder's log.txt. NO_COLOR, CLICOLOR_FORCE, TERM=dumb and COLUMNS are honoured.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graft/core/log.h"
#include "graft/io/hub.h"

namespace graft::cli {

// How a stream may be written to.
struct Look {
  bool bar = false;  // a terminal that can go back to the start of a line
  bool colour = false;
  bool utf8 = true;
  int columns = 80;
};
enum class Colour { automatic, always, never };
std::vector<std::pair<Colour, std::string>> choices(Colour);
Look look_of_stderr(const io::Environment& environment, Colour colour);

// What every command understands.
struct TerminalOptions {
  bool quiet = false;
  bool json = false;
  Colour color = Colour::automatic;
};
template <class Visitor>
void fields(Visitor& visit, TerminalOptions& o) {
  visit("quiet", o.quiet, "say nothing but results, warnings and errors");
  visit("json", o.json, "results for machines: one JSON object a line on stdout");
  visit("color", o.color, "colours in messages; auto: on a terminal, unless NO_COLOR is set");
}

class Terminal final : public Reporter {
 public:
  explicit Terminal(io::Environment environment);
  ~Terminal() override;
  void set(const TerminalOptions& options);

  // --- stderr
  void line(std::string_view label, std::string_view text) override;
  void warn(std::string_view text) override;
  void note(const Note& note) override;
  void progress(const Progress& progress) override;
  void error(std::string_view message);
  const std::vector<Note>& notes() const { return notes_; }  // those said so far, for results in JSON

  // Keeps what was said so far and from now on in `folder`/log.txt, from the moment that training begins (the folder is
  // then there, and ours) or finish_log() is called.
  void log_to(std::filesystem::path folder, bool append);
  void finish_log();

  // --- stdout
  void print(std::string_view line);  // with its end of line
  void show(std::string_view text);   // at once: of a text that grows
  bool json() const { return options_.json; }
  bool takes_results() const { return refused_ == 0; }
  bool reader_is_gone() const;  // `| head -1` has what it wanted
  void flush();                 // FileError when stdout could not take it (a full disk), unless its reader is gone

 private:
  void write(std::string_view label, std::string_view text, const char* colour);  // a line to stderr, over the bar
  void drain();
  void keep(std::string_view line);  // for the log
  bool is_silent() const { return options_.quiet || options_.json; }
  void clear_bar();

  io::Environment environment_;
  TerminalOptions options_;
  Look look_;
  bool bar_shown_ = false;
  std::string stage_;
  std::string results_;  // not written yet
  int refused_ = 0;      // errno of the first write to stdout that failed
  std::chrono::steady_clock::time_point last_;
  std::filesystem::path log_;  // folder; empty: nothing is kept
  bool log_begun_ = false, log_append_ = false;
  std::vector<Note> notes_;
  std::string unlogged_;  // lines that are not in the file yet
};

// "epoch 7/20 ███████░░░░░░ 35 %  loss 0.412  14.1 images/s  3:52 left"; the bar stands after the detail's first part
// (up to two spaces), and shrinks with the width.
std::string format_progress(const Progress& progress, const Look& look);
std::string format_duration(double seconds);  // "0.4 s", "3:52", "1:02:03"

}  // namespace graft::cli
