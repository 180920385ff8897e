// The part of a tokeniser that turns one word into the ids of its pieces.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "graft/text/vocabulary.h"

namespace graft::text {

class WordModel {
 public:
  explicit WordModel(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
  virtual ~WordModel() = default;
  virtual void encode(std::string_view word, std::vector<int32_t>& ids) const = 0;  // appends
  const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  Vocabulary vocabulary_;
};

}  // namespace graft::text
