// What `graft detect` shares with commands that train and use what it does under other names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graft/cli/arguments.h"
#include "graft/cli/terminal.h"

namespace graft::cli {

// `detect train`, from its options on.
int train_detector(Arguments& arguments, Terminal& terminal);
// `detect predict`, with the photos as positionals; `model`: the detector's option, or what stands first.
enum class DetectorStands { as_option, first };
int tell_boxes(Arguments& arguments, Terminal& terminal, DetectorStands model);

// ConfigError at `where` that names what was typed of `others`, known so far, and is none of `own`, the options of
// `what`.
void refuse_idle(Arguments& arguments, const std::vector<OptionInfo>& others, const std::vector<OptionInfo>& own,
                 const std::string& what, std::string_view where);

}  // namespace graft::cli
