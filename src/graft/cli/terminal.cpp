#include "graft/cli/terminal.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>

#include "graft/cli/table.h"
#include "graft/core/error.h"
#include "graft/core/printable.h"

namespace graft::cli {
namespace {

constexpr auto kBarInterval = std::chrono::milliseconds(100);
constexpr auto kLineInterval = std::chrono::seconds(10);
constexpr size_t kResultsAtOnce = 1 << 16;
constexpr int kPatienceMilliseconds = 2000;  // with a pipe that does not block and is full
constexpr const char* kClearLine = "\r\033[K";

// All of it, or the errno of what stood in the way.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd ready{descriptor, POLLOUT, 0};
      if (::poll(&ready, 1, kPatienceMilliseconds) == 0) return EAGAIN;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

std::string value_of(const io::Environment& environment, std::string_view name) {
  return environment(name).value_or("");
}

int columns_of(const io::Environment& environment) {
  const std::string text = value_of(environment, "COLUMNS");
  int columns = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), columns).ec == std::errc() && columns > 0) return columns;
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

bool is_utf8(const io::Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string locale = value_of(environment, name);
    if (!locale.empty()) return locale.find("UTF-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  }
  return true;  // a container without a locale: terminals of today are UTF-8
}

std::string cut_to(std::string text, size_t width) {
  size_t columns = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] & 0xC0) != 0x80 && ++columns > width) return text.substr(0, i);
  }
  return text;
}

std::string repeat(std::string_view piece, size_t times) {
  std::string all;
  for (size_t i = 0; i < times; ++i)
    all += piece;
  return all;
}

}  // namespace

std::vector<std::pair<Colour, std::string>> choices(Colour) {
  return {{Colour::automatic, "auto"}, {Colour::always, "always"}, {Colour::never, "never"}};
}

Look look_of_stderr(const io::Environment& environment, Colour colour) {
  const bool terminal = isatty(STDERR_FILENO) != 0;
  const bool dumb = value_of(environment, "TERM") == "dumb";
  const std::string force = value_of(environment, "CLICOLOR_FORCE");
  Look look;
  look.bar = terminal && !dumb;
  look.utf8 = is_utf8(environment);
  look.columns = columns_of(environment);
  if (colour != Colour::automatic) {
    look.colour = colour == Colour::always;
  } else if (!value_of(environment, "NO_COLOR").empty()) {
    look.colour = false;
  } else {
    look.colour = (!force.empty() && force != "0") || (terminal && !dumb);
  }
  return look;
}

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string format_progress(const Progress& progress, const Look& look) {
  const double share =
      progress.total > 0
          ? std::clamp(static_cast<double>(progress.done) / static_cast<double>(progress.total), 0.0, 1.0)
          : 0;
  const size_t gap = progress.detail.find("  ");
  std::string before = progress.detail.substr(0, gap);
  if (!before.empty()) before += ' ';
  std::string after = fmt::format(" {:.0f} %", std::floor(share * 100));
  if (gap != std::string::npos) after += progress.detail.substr(gap);
  if (progress.rate > 0) {
    after += fmt::format("  {:.{}f} {}/s", progress.rate, progress.rate < 100 ? 1 : 0, progress.unit);
    if (progress.total > progress.done) {
      const double left = static_cast<double>(progress.total - progress.done) / progress.rate;
      after +=
          fmt::format("  {} left", left < 60 ? fmt::format("0:{:02.0f}", std::min(left, 59.0)) : format_duration(left));
    }
  }
  constexpr size_t kLongest = 24, kShortest = 4;
  const std::string label = fmt::format("{:<7} ", progress.stage);
  const size_t taken = width_of(label) + width_of(before) + width_of(after) + 1;
  const auto columns = static_cast<size_t>(look.columns);
  std::string bar;
  if (columns >= taken + kShortest) {
    const size_t cells = std::min(kLongest, columns - taken);
    const auto full = static_cast<size_t>(share * static_cast<double>(cells));
    bar = repeat(look.utf8 ? "█" : "#", full) + repeat(look.utf8 ? "░" : "-", cells - full);
  }
  return cut_to(fmt::format("{}{}{}{}", label, before, bar, after), columns > 1 ? columns - 1 : 1);
}

Terminal::Terminal(io::Environment environment)
    : environment_(std::move(environment)), look_(look_of_stderr(environment_, Colour::automatic)) {}

Terminal::~Terminal() {
  clear_bar();
  drain();
}

void Terminal::set(const TerminalOptions& options) {
  options_ = options;
  look_ = look_of_stderr(environment_, options.color);
}

void Terminal::clear_bar() {
  if (bar_shown_) write_all(STDERR_FILENO, kClearLine);
  bar_shown_ = false;
}

void Terminal::write(std::string_view label, std::string_view text, const char* colour) {
  clear_bar();
  drain();  // both may go to one place: in the order in which they were said
  const std::string shown = printable_lines(text);
  write_all(STDERR_FILENO, look_.colour && !label.empty() ? fmt::format("\033[{}m{}\033[0m{}\n", colour, label, shown)
                                                          : fmt::format("{}{}\n", label, shown));
}

void Terminal::line(std::string_view label, std::string_view text) {
  const std::string padded = fmt::format("{:<7} ", label);
  keep(padded + std::string(text));
  if (label == "test" && !options_.json) {
    print(padded + std::string(text));
    return;
  }
  if (!is_silent()) write(padded, text, "1");
}

void Terminal::warn(std::string_view text) {
  constexpr std::string_view label = "warning ";
  keep(std::string(label) + std::string(text));
  write(label, text, "33");
}

void Terminal::note(const Note& note) {
  constexpr std::string_view label = "note    ";
  keep(std::string(label) + note.text);
  notes_.push_back(note);
  if (!is_silent() || note.numbers) write(label, note.text, "1");
}

void Terminal::log_to(std::filesystem::path folder, bool append) {
  log_ = std::move(folder);
  log_append_ = append;
}

void Terminal::keep(std::string_view line) {
  unlogged_ += printable_lines(line);
  unlogged_ += '\n';
  if (log_begun_) finish_log();
}

void Terminal::finish_log() {
  if (log_.empty() || unlogged_.empty()) return;
  std::ofstream file(log_ / "log.txt", log_begun_ || log_append_ ? std::ios::app : std::ios::trunc);
  file << unlogged_;  // a log that cannot be written (a full disk) is no reason to lose a run
  unlogged_.clear();
  log_begun_ = true;
}

void Terminal::error(std::string_view message) {
  keep(message);
  const size_t end = message.starts_with('[') ? message.find(']') : std::string_view::npos;
  const size_t label = end == std::string_view::npos ? 0 : end + 1;
  write(message.substr(0, label), message.substr(label), "31");
}

void Terminal::progress(const Progress& progress) {
  if (progress.stage == "train" && !log_begun_) finish_log();
  if (is_silent()) return;
  const auto now = std::chrono::steady_clock::now();
  const bool last = progress.done >= progress.total;
  if (progress.stage != stage_) {
    stage_ = progress.stage;
    last_ = now;
    if (!look_.bar) return;
  } else if (now - last_ < (look_.bar ? std::chrono::steady_clock::duration(kBarInterval) : kLineInterval) &&
             !(last && look_.bar)) {
    return;
  }
  last_ = now;
  if (look_.bar) {
    write_all(STDERR_FILENO, kClearLine + format_progress(progress, look_));
    bar_shown_ = true;
  } else {
    Look plain = look_;
    plain.columns = 120;
    write("", format_progress(progress, plain), "");
  }
}

void Terminal::print(std::string_view line) {
  clear_bar();
  results_ += line;
  results_ += '\n';
  if (results_.size() >= kResultsAtOnce || ::isatty(STDOUT_FILENO) != 0) drain();
}

void Terminal::show(std::string_view text) {
  clear_bar();
  results_ += text;
  drain();
}

void Terminal::drain() {
  if (refused_ == 0 && !results_.empty()) refused_ = write_all(STDOUT_FILENO, results_);
  results_.clear();
}

bool Terminal::reader_is_gone() const {
  return refused_ == EPIPE;
}

void Terminal::flush() {
  drain();
  if (refused_ != 0 && !reader_is_gone()) {
    throw FileError("output", "stdout: could not be written: {}.", std::strerror(refused_));
  }
}

}  // namespace graft::cli
