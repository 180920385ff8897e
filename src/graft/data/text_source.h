// Texts, and pairs of texts, as a model's ids.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graft/data/source.h"
#include "graft/text/tokenizer.h"

namespace graft::data {

class TextSource final : public SampleSource {
 public:
  // Every text is made ids here, once, on `threads` threads or as many as can be started; a DataError lists those that
  // cannot be. Stopped when a signal comes.
  TextSource(std::vector<Sample> samples, std::shared_ptr<const text::Tokenizer> tokenizer, std::int64_t max_length,
             text::Truncation truncation, std::int64_t threads = 1);

  Reads reads() const override { return Reads::text; }
  std::string content(std::int64_t i) const override;
  std::int64_t length(std::int64_t i) const override;
  std::int64_t max_length() const override { return max_length_; }
  std::int32_t pad() const override { return tokenizer_->pad(); }
  void read(std::int64_t i, Random random, Row& row) const override;

  std::span<const std::int32_t> ids(std::int64_t i) const { return encoded_[static_cast<std::size_t>(i)].ids; }

  // Texts that were longer than the model reads, and the tokens that they lost.
  struct Cut {
    std::int64_t texts = 0, tokens = 0;
  };
  Cut cut() const { return cut_; }

 private:
  // Types are mostly all 0: kept where one is not.
  struct Encoded {
    std::vector<std::int32_t> ids, types;
  };
  std::int64_t encode(std::int64_t i, text::Truncation truncation);  // the tokens that were cut

  std::shared_ptr<const text::Tokenizer> tokenizer_;
  std::int64_t max_length_;
  std::vector<Encoded> encoded_;
  Cut cut_;
};

}  // namespace graft::data
