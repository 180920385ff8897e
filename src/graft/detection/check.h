// A box's lint: what is wrong with a set that was read, by kind, and a copy in which what can be mended is. The kinds
// and what each means stand in docs/detection-sets.md.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graft/detection/findings.h"
#include "graft/detection/set.h"

namespace graft::detection {

// Adds to `findings`, beside what the set's reader added. Time and memory grow with the set's boxes. Where the set's
// sizes are not told, what needs them is not looked at, and a note says so.
void check(const Set& set, Findings& findings);

// The photos that the set names, below `folder`: those that are missing, cannot be read, or are of another size. Only
// their headers are read.
void check_photos(const Set& set, const std::filesystem::path& folder, Findings& findings);

// Boxes clipped to their images, and left out where nothing is left of them; duplicates left out; areas above their
// box's set to the shape's or the box's; shapes that are none left out; names trimmed; classes and images that are
// there twice made one; ids numbered from 1 where they repeat or are 0. The set then has nothing that check() calls
// wrong. What was done, one line each: "12 boxes are clipped to their images".
std::vector<std::string> mend(Set& set);

}  // namespace graft::detection
