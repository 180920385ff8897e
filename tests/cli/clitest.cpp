// Runs a .clitest file (README.md has the format) in a fresh folder and tells where the program said something else.
//   clitest GRAFT ASSETS FILE
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Step {
  int line = 0;
  std::string command;
  std::vector<std::string> expected;
  int exit_code = 0;
};

struct Outcome {
  std::vector<std::string> lines;
  int exit_code = 0;
};

std::vector<Step> read_steps(const fs::path& file) {
  std::vector<Step> steps;
  std::ifstream stream(file);
  int number = 0;
  bool in_command = false;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (line.starts_with("#")) continue;
    if (line.starts_with("$ ")) {
      steps.push_back({number, line.substr(2), {}, 0});
      in_command = true;
      continue;
    }
    if (steps.empty()) {
      if (line.empty()) continue;
      throw std::runtime_error(fmt::format("line {}: expected `# comment` or `$ command` first.", number));
    }
    Step& step = steps.back();
    if (in_command && line.starts_with("> ")) {
      step.command += "\n" + line.substr(2);
    } else if (line.starts_with("! exit ")) {
      step.exit_code = std::stoi(line.substr(7));
    } else {
      in_command = false;
      step.expected.push_back(line);
    }
  }
  for (Step& step : steps) {
    while (!step.expected.empty() && step.expected.back().empty())
      step.expected.pop_back();
  }
  if (steps.empty()) throw std::runtime_error("no `$ command` in it: it would test nothing.");
  return steps;
}

// A bar of 24 cells and a percentage: what a machine too slow for a test prints now and then, and a fast one does not.
bool is_progress(std::string_view line) {
  constexpr std::string_view full = "█", empty = "░";
  size_t cells = 0;
  for (size_t i = 0; i < line.size();) {
    const auto rest = line.substr(i);
    if (rest.starts_with(full) || rest.starts_with(empty)) {
      ++cells;
      i += full.size();
    } else if (cells == 24) {
      return rest.starts_with(' ') && rest.substr(0, 6).find(" %") != std::string_view::npos;
    } else {
      cells = 0;
      ++i;
    }
  }
  return false;
}

Outcome run(const std::string& command) {
  std::FILE* pipe = popen(("exec 2>&1\n" + command).c_str(), "r");
  if (!pipe) throw std::runtime_error("no shell.");
  std::string text;
  std::array<char, 4096> block;
  for (size_t count; (count = std::fread(block.data(), 1, block.size(), pipe)) > 0;)
    text.append(block.data(), count);
  const int status = pclose(pipe);
  Outcome outcome;
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    auto line = text.substr(begin, end - begin);
    if (!is_progress(line)) outcome.lines.push_back(std::move(line));
    begin = end + 1;
  }
  while (!outcome.lines.empty() && outcome.lines.back().empty())
    outcome.lines.pop_back();
  return outcome;
}

// `...` in the expected text stands for any text, also none.
bool matches(std::string_view text, std::string_view expected) {
  const size_t dots = expected.find("...");
  if (dots == std::string_view::npos) return text == expected;
  if (!text.starts_with(expected.substr(0, dots))) return false;
  const std::string_view rest = expected.substr(dots + 3);
  for (size_t skip = dots; skip <= text.size(); ++skip) {
    if (matches(text.substr(skip), rest)) return true;
  }
  return false;
}

// A line that is only `...` stands for any lines, also none.
bool matches(const std::vector<std::string>& lines, size_t i, const std::vector<std::string>& expected, size_t j) {
  if (j == expected.size()) return i == lines.size();
  if (expected[j] == "...") {
    for (size_t skip = i; skip <= lines.size(); ++skip) {
      if (matches(lines, skip, expected, j + 1)) return true;
    }
    return false;
  }
  return i < lines.size() && matches(lines[i], expected[j]) && matches(lines, i + 1, expected, j + 1);
}

bool check(const fs::path& file, const Step& step) {
  const Outcome outcome = run(step.command);
  const bool same_text = matches(outcome.lines, 0, step.expected, 0);
  if (same_text && outcome.exit_code == step.exit_code) return true;
  fmt::print("{}:{}: $ {}\n", file.string(), step.line, step.command);
  if (outcome.exit_code != step.exit_code)
    fmt::print("  exit code {}, expected {}\n", outcome.exit_code, step.exit_code);
  if (!same_text || outcome.exit_code != step.exit_code) {
    fmt::print("  expected:\n");
    for (const auto& line : step.expected)
      fmt::print("    {}\n", line);
    fmt::print("  got:\n");
    for (const auto& line : outcome.lines)
      fmt::print("    {}\n", line);
  }
  return false;
}

void prepare(const fs::path& folder, const fs::path& graft, const fs::path& assets) {
  for (const char* name : {"GRAFT_ASSETS", "CLICOLOR_FORCE", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME"})
    unsetenv(name);
  setenv("HOME", folder.c_str(), 1);
  setenv("ASSETS", assets.c_str(), 1);
  setenv("NO_COLOR", "1", 1);
  setenv("COLUMNS", "100", 1);
  setenv("LC_ALL", "C.UTF-8", 1);
  setenv("PATH", (graft.parent_path().string() + ":" + std::getenv("PATH")).c_str(), 1);
  fs::current_path(folder);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) {
    fmt::print(stderr, "usage: clitest GRAFT ASSETS FILE\n");
    return 2;
  }
  const fs::path file = fs::absolute(argv[3]);
  const auto steps = read_steps(file);
  std::string name = (fs::temp_directory_path() / "clitest-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder.");
  prepare(name, fs::absolute(argv[1]), fs::absolute(argv[2]));
  int failed = 0;
  for (const auto& step : steps)
    failed += !check(file, step);
  fs::current_path("/");
  fs::remove_all(name);
  fmt::print("{}: {} of {} commands as expected\n", file.filename().string(),
             steps.size() - static_cast<size_t>(failed), steps.size());
  return failed == 0 ? 0 : 1;
} catch (const std::exception& error) {
  fmt::print("{}: {}\n", argc > 3 ? argv[3] : "clitest", error.what());
  return 1;
}
