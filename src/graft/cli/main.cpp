// The program. Errors are caught here and nowhere else: a message on stderr, and the exit code of its kind.
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <new>
#include <optional>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/help.h"
#include "graft/core/error.h"
#include "graft/engine/stopped.h"
#include "graft/tensor/kept_memory.h"

namespace {

using namespace graft;
using namespace graft::cli;

std::optional<std::string> environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

std::string overview() {
  std::vector<HelpEntry> entries;
  for (const auto& command : commands())
    entries.push_back({command.name, command.summary});
  return fmt::format(
      "graft adapts frozen foundation models to your photos on a small budget.\n\n"
      "usage: graft COMMAND [options]\n\n{}\n"
      "examples:\n"
      "  graft demo\n"
      "  graft adapt --model openai/clip-vit-base-patch16 --data pets/ --method lora --shots 16 -o runs/pets\n"
      "  graft predict runs/pets holiday/*.jpg --json\n\n"
      "graft COMMAND --help explains one. Exit codes: 2 usage or configuration, 3 data or files, 4 model or\n"
      "adapter does not fit, 5 training diverged, 70 a bug, 130/143 stopped by a signal.",
      format_entries(entries));
}

int run(const std::vector<std::string>& words, Terminal& terminal) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    terminal.print(overview());
    return words.empty() ? 2 : 0;
  }
  if (words[0] == "--version") {
    terminal.print("graft " GRAFT_VERSION);
    return 0;
  }
  const Command& command = find_command(words[0]);
  Arguments arguments(command, {words.begin() + 1, words.end()}, environment);
  return command.run(arguments, terminal);
}

int bug(Terminal& terminal, const std::string& what) {
  terminal.error(fmt::format(
      "[bug] {}\nThis is a bug of graft, not yours. Please report it with the command and the lines above.", what));
  return 70;
}

}  // namespace

int main(int argc, char** argv) {
  tensor::keep_tensor_memory();
  Terminal terminal(environment);
  int code = 0;
  try {
    code = run({argv + 1, argv + argc}, terminal);
    terminal.flush();
  } catch (const Error& error) {
    terminal.error(error.what());
    code = error.exit_code();
  } catch (const engine::Stopped& stopped) {
    code = 128 + stopped.signal;  // 130 after SIGINT, 143 after SIGTERM
  } catch (const std::filesystem::filesystem_error& error) {
    terminal.error(fmt::format("[file] {}: {}.", error.path1().string(), error.code().message()));
    code = 3;
  } catch (const c10::Error& error) {
    code = bug(terminal, error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    terminal.error("[memory] there is not enough. Try a smaller --batch-size, or --precision bf16.");
    code = 3;
  } catch (const std::exception& error) {
    code = bug(terminal, error.what());
  }
  return code;
}
