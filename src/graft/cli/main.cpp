// The program. Errors are caught here and nowhere else: a message on stderr, and the exit code of its kind.
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/help.h"
#include "graft/cli/standard_streams.h"
#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/tensor/kept_memory.h"

namespace {

using namespace graft;
using namespace graft::cli;

std::optional<std::string> environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

std::vector<std::string> names_in_environment() {
  std::vector<std::string> names;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    names.emplace_back(text.substr(0, text.find('=')));
  }
  return names;
}

std::string overview_of(const std::vector<const Command*>& group) {
  std::vector<HelpEntry> entries;
  for (const auto* command : group)
    entries.push_back({command->name, command->summary});
  return format_entries(entries);
}

std::string overview() {
  std::vector<const Command*> all;
  for (const auto& command : commands())
    all.push_back(&command);
  return fmt::format(
      "graft adapts frozen foundation models to your photos on a small budget.\n\n"
      "usage: graft COMMAND [options]\n\n{}\n"
      "examples:\n"
      "  graft demo\n"
      "  graft adapt --model openai/clip-vit-base-patch16 --data pets/ --method lora --shots 16 -o runs/pets\n"
      "  graft predict runs/pets holiday/*.jpg --json\n\n"
      "graft COMMAND --help explains one. Exit codes: 2 usage or configuration, 3 data or files, 4 model or\n"
      "adapter does not fit, 5 training diverged, 70 a bug, 130/143 stopped by a signal.",
      overview_of(all));
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
  const auto is_help = [](const std::string& word) { return word == "--help" || word == "-h"; };
  if (const auto group = group_of(words[0]); !group.empty() && words.size() > 1 && is_help(words[1])) {
    terminal.print(fmt::format("usage: graft {} COMMAND [options]\n\n{}", words[0], overview_of(group)));
    return 0;
  }
  const auto [command, named] = find_called(words);
  Arguments arguments(command, {words.begin() + static_cast<std::ptrdiff_t>(named), words.end()}, environment,
                      names_in_environment());
  return command.run(arguments, terminal);
}

int bug(Terminal& terminal, const std::string& what) {
  terminal.error(fmt::format(
      "[bug] {}\nThis is a bug of graft, not yours. Please report it with the command and the lines above.", what));
  return 70;
}

int too_much(Terminal& terminal) {
  terminal.error("[memory] there is not enough. Try a smaller --batch-size, or --precision bf16.");
  return 3;
}

// What libtorch says of values that a user chose and that no option's own range can know.
int of_libtorch(Terminal& terminal, const std::string& what) {
  const auto says = [&](const char* words) { return what.find(words) != std::string::npos; };
  if (says("allocate memory") || says("enough memory") || says("Storage size calculation overflowed")) {
    return too_much(terminal);
  }
  if (says("without overflow")) {
    terminal.error("[numbers] a number became larger than single precision holds. Try smaller values.");
    return 2;
  }
  return bug(terminal, what);
}

// The one place where exceptions end: a message, and the exit code of its kind.
int run_and_tell(const std::vector<std::string>& words, Terminal& terminal) {
  try {
    const int code = run(words, terminal);
    terminal.flush();
    return terminal.reader_is_gone() ? 128 + SIGPIPE : code;
  } catch (const Error& error) {
    terminal.error(error.what());
    return error.exit_code();
  } catch (const Stopped& stopped) {
    return 128 + stopped.signal;  // 130 after SIGINT, 143 after SIGTERM
  } catch (const std::filesystem::filesystem_error& error) {
    terminal.error(fmt::format("[file] {}: {}.", error.path1().string(), error.code().message()));
    return 3;
  } catch (const std::system_error& error) {
    if (error.code() != std::errc::resource_unavailable_try_again) return bug(terminal, error.what());
    terminal.error(
        "[threads] the system starts no more of them. Allow more (ulimit -u, a container's limit), or ask for fewer "
        "with --threads and --workers.");
    return 3;
  } catch (const c10::Error& error) {
    return of_libtorch(terminal, error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    return too_much(terminal);
  } catch (const std::length_error&) {  // a container of more than can be addressed
    return too_much(terminal);
  } catch (const std::exception& error) {
    return bug(terminal, error.what());
  } catch (...) {
    return bug(terminal, "an exception of no known kind");
  }
}

}  // namespace

int main(int argc, char** argv) try {
  cli::open_standard_streams();
  catch_stop_signals();
  tensor::keep_tensor_memory();
  Terminal terminal(environment);
  return run_and_tell({argv + std::min(argc, 1), argv + argc}, terminal);
} catch (...) {  // not even the message could be made
  return 70;
}
