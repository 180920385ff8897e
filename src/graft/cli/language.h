// What `graft lm` shares with commands that train what it does under other names.
#pragma once

#include "graft/cli/arguments.h"
#include "graft/cli/terminal.h"

namespace graft::cli {

// `lm train`, from its options on.
int train_language(Arguments& arguments, Terminal& terminal);

}  // namespace graft::cli
