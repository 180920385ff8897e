// What may be said beside --resume. A run goes on as it was begun: what changes no bit is taken, all else that differs
// is refused by name.
#pragma once

#include <string>

#include "graft/core/options.h"
#include "graft/engine/options.h"

namespace graft::engine {

// The run's own options with what may change laid over them. `given`: what the user said, wherever. UsageError with all
// that is not as the run has it; FileError for a folder that holds no run.
AdaptRequest resumed_request(const std::string& folder, const OptionValues& given);

// Options that differ from their defaults, as somebody would have to give them.
OptionValues given_options(const AdaptOptions& options, const OptionValues& method_options);

}  // namespace graft::engine
