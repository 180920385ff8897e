#include "graft/cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "graft/cli/table.h"
#include "graft/core/error.h"

namespace graft::cli {
namespace {

constexpr auto kBarInterval = std::chrono::milliseconds(100);
constexpr auto kLineInterval = std::chrono::seconds(10);

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
}

void Terminal::set(const TerminalOptions& options) {
  options_ = options;
  look_ = look_of_stderr(environment_, options.color);
}

void Terminal::clear_bar() {
  if (bar_shown_) std::fputs("\r\033[K", stderr);
  bar_shown_ = false;
}

void Terminal::write(std::string_view line) {
  clear_bar();
  std::fflush(stdout);  // both may go to one place: in the order in which they were said
  fmt::print(stderr, "{}\n", line);
}

void Terminal::line(std::string_view label, std::string_view text) {
  const std::string padded = fmt::format("{:<7} ", label);
  keep(padded + std::string(text));
  if (label == "test" && !options_.json) {
    print(padded + std::string(text));
    return;
  }
  if (is_silent()) return;
  write((look_.colour ? fmt::format("\033[1m{}\033[0m", padded) : padded) + std::string(text));
}

void Terminal::warn(std::string_view text) {
  constexpr std::string_view label = "warning ";
  keep(std::string(label) + std::string(text));
  write((look_.colour ? fmt::format("\033[33m{}\033[0m", label) : std::string(label)) + std::string(text));
}

void Terminal::note(const Note& note) {
  constexpr std::string_view label = "note    ";
  keep(std::string(label) + note.text);
  notes_.push_back(note);
  if (is_silent() && !note.numbers) return;
  write((look_.colour ? fmt::format("\033[1m{}\033[0m", label) : std::string(label)) + note.text);
}

void Terminal::log_to(std::filesystem::path folder, bool append) {
  log_ = std::move(folder);
  log_append_ = append;
}

void Terminal::keep(std::string_view line) {
  unlogged_ += line;
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
  const size_t end = message.find(']');
  if (look_.colour && end != std::string_view::npos && message.front() == '[') {
    write(fmt::format("\033[31m{}\033[0m{}", message.substr(0, end + 1), message.substr(end + 1)));
  } else {
    write(message);
  }
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
    fmt::print(stderr, "\r\033[K{}", format_progress(progress, look_));
    std::fflush(stderr);
    bar_shown_ = true;
  } else {
    Look plain = look_;
    plain.columns = 120;
    write(format_progress(progress, plain));
  }
}

void Terminal::print(std::string_view line) {
  clear_bar();
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fputc('\n', stdout);
}

void Terminal::flush() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) throw FileError("output", "stdout: could not be written.");
}

}  // namespace graft::cli
