// Of what ./dev new writes: its command where it is named, else its tests.
#include <gtest/gtest.h>

#include <optional>
#include <string_view>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/terminal.h"

namespace graft::cli {
Command brand_new_command();
}

int main(int argc, char** argv) {
  using namespace graft::cli;
  const Command command = brand_new_command();
  if (argc > 1 && std::string_view(argv[1]) == command.name) {
    const auto nothing = [](std::string_view) -> std::optional<std::string> { return {}; };
    Arguments arguments(command, {argv + 2, argv + argc}, nothing);
    Terminal terminal(nothing);
    const int code = command.run(arguments, terminal);
    terminal.flush();
    return code;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
