// The three descriptors that every program is promised, and not every caller hands over.
#pragma once

namespace graft::cli {

// The first thing that main() does. A descriptor that is closed would be given to the next file that is opened, and
// what is meant for the terminal would land in it. From here on all three are open: reading the first, or writing
// results to the second, still fails as on a closed one, so that it is noticed. A reader that goes away is an error of
// write().
void open_standard_streams();

}  // namespace graft::cli
