// What a run says while it works. The library talks to a Reporter and never to the terminal; the command line decides
// what is shown (a bar on a terminal, lines in a pipe, nothing under --quiet), and a run folder keeps everything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace graft {

struct Progress {
  std::string stage;  // "train", "features"
  int64_t done = 0;
  int64_t total = 0;
  std::string detail;  // "epoch 7/20  loss 0.412  val 91.2 %"
  double rate = 0;     // items a second; 0: not known yet
  std::string unit;    // "images"
};

// What had to be assumed of a file that somebody else's program wrote, or was left aside in it.
struct Note {
  std::string text;
  bool numbers = true;  // another reading would give other numbers: said under --quiet and --json too, and kept
};

class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void line(std::string_view label, std::string_view text) = 0;  // "model   openai/clip-... ViT-B/16"
  virtual void warn(std::string_view text) = 0;
  virtual void note(const Note& note) { line("note", note.text); }
  virtual void progress(const Progress&) = 0;
};

// Says nothing.
class Silent final : public Reporter {
 public:
  void line(std::string_view, std::string_view) override {}
  void warn(std::string_view) override {}
  void progress(const Progress&) override {}
};

}  // namespace graft
