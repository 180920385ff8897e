#include "graft/text/prefix_index.h"

#include <utility>

namespace graft::text {

PrefixIndex::PrefixIndex(std::vector<Entry> entries) : entries_(std::move(entries)) {
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.text < b.text; });
  for (const auto& entry : entries_)
    ++begins_[static_cast<unsigned char>(entry.text[0]) + 1u];
  for (size_t byte = 1; byte < begins_.size(); ++byte)
    begins_[byte] += begins_[byte - 1];
}

size_t PrefixIndex::longest(std::string_view text) const {
  size_t found = 0;
  each(text, [&](size_t length, int32_t) { found = length; });
  return found;
}

}  // namespace graft::text
