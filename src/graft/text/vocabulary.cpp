#include "graft/text/vocabulary.h"

#include <algorithm>

#include "graft/core/error.h"

namespace graft::text {

void Vocabulary::add(std::string token, int64_t id, std::string_view from) {
  constexpr int64_t kMost = 1 << 24;  // no model has a tenth of it; a table of ids must fit in memory
  if (id < 0 || id >= kMost) {
    throw ModelError("tokenizer", "{}: the id of '{}' is {}: expected 0 to {}.", from, token, id, kMost - 1);
  }
  if (id >= end()) tokens_.resize(static_cast<size_t>(id) + 1);
  longest_ = std::max(longest_, token.size());
  tokens_[static_cast<size_t>(id)] = token;
  ids_.insert_or_assign(std::move(token), static_cast<int32_t>(id));
}

std::optional<int32_t> Vocabulary::find(std::string_view token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

const std::string* Vocabulary::token(int32_t id) const {
  if (id < 0 || id >= end() || !tokens_[static_cast<size_t>(id)]) return nullptr;
  return &*tokens_[static_cast<size_t>(id)];
}

}  // namespace graft::text
