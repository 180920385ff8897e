// The options of a run as it used them: what was left to the method's recipe, the model or the data stands with its
// value.
#pragma once

#include <string>

#include "graft/data/dataset.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/options.h"

namespace graft::engine {

// What config.yaml holds; read_adapt_request() of it is the same run from any folder.
OptionValues run_config(AdaptOptions options, const OptionValues& method_options, const methods::Recipe& recipe,
                        const AdapterInfo& info);

// A hash of all that the bits of a run depend on. Where it is kept and how many threads decode is not part of it.
std::string run_identity(OptionValues config, const std::string& fingerprint, const data::Dataset& data);

}  // namespace graft::engine
