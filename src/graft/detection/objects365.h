// Objects365's two numberings (Shao et al. 2019, doi:10.1109/ICCV.2019.00852). The releases of 2019 (v1) and of 2020
// (v2) have 365 classes each, called and ordered differently: car is 9 in the one and 6 in the other. A file does not
// say of which it is; its names at their ids do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graft/detection/set.h"

namespace graft::detection {

struct Objects365 {
  int version = 0;          // 1 or 2; 0: called as Objects365's classes, numbered as neither
  std::int64_t first = 0;   // the first class' id: 1 as it was published, 0 in some copies
  std::size_t fitting = 0;  // classes that stand at their version's ids; for 0 those that any version has
};

// Of a set's classes, whatever case their names are in. A version is told where nine of ten classes fit it, of ten at
// least; neither, where nine of ten are called so, of 300 at least. Nothing for other sets.
std::optional<Objects365> objects365_of(const std::vector<Category>& categories);

// The names of version 1 or 2, in the order of their ids.
const std::vector<std::string>& objects365_names(int version);

}  // namespace graft::detection
