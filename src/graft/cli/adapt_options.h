// What `graft adapt` and `graft plan` understand: the options of a run, and those of the method that it names.
#pragma once

#include <optional>

#include "graft/cli/arguments.h"
#include "graft/engine/options.h"

namespace graft::cli {

// The options of a method, as any command that trains one takes them.
OptionGroup options_of_method(const std::string& method);

// Nothing where --help or --print-config has been answered. UsageError where model, data or method are missing and no
// run is resumed.
std::optional<engine::AdaptRequest> read_adapt_arguments(Arguments& arguments, Terminal& terminal);

}  // namespace graft::cli
