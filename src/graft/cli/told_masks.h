// Masks that were told, as a person and as a machine reads them: of each photo how much is what.
#pragma once

#include "graft/cli/terminal.h"
#include "graft/pipelines/mask_folder.h"

namespace graft::cli {

// {"file": ..., "shares": {name: of the photo's pixels, ...}} a line under --json, else the classes of a hundredth of
// the photo or more.
void print_told_masks(const pipelines::ToldMasks& found, Terminal& terminal);

}  // namespace graft::cli
