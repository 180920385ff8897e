// The rows that tests/golden/make/discovery.py clustered with scikit-learn.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/discovery/golden.h"

namespace graft::discovery {

inline constexpr const char* kBlobs[] = {"apart", "joined"};

// Whether two labellings are the same but for the numbers.
inline bool same_parts(const std::vector<int64_t>& ours, const at::Tensor& theirs) {
  std::map<int64_t, int64_t> there, back;
  for (size_t i = 0; i < ours.size(); ++i) {
    const auto other = theirs[static_cast<int64_t>(i)].item<int64_t>();
    if (there.try_emplace(ours[i], other).first->second != other) return false;
    if (back.try_emplace(other, ours[i]).first->second != ours[i]) return false;
  }
  return true;
}

}  // namespace graft::discovery
