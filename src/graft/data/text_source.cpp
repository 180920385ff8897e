#include "graft/data/text_source.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "graft/core/hash.h"
#include "graft/core/threads.h"
#include "graft/data/problems.h"

namespace graft::data {

TextSource::TextSource(std::vector<Sample> samples, std::shared_ptr<const text::Tokenizer> tokenizer,
                       std::int64_t max_length, text::Truncation truncation, std::int64_t threads)
    : SampleSource(std::move(samples)),
      tokenizer_(std::move(tokenizer)),
      max_length_(max_length),
      encoded_(static_cast<std::size_t>(size())) {
  std::mutex mutex;
  std::map<std::size_t, DataError> wrong;
  for_each_index(encoded_.size(), threads, [&](std::size_t i) {
    try {
      const std::int64_t lost = encode(static_cast<std::int64_t>(i), truncation);
      if (lost == 0) return;
      const std::lock_guard lock(mutex);
      ++cut_.texts;
      cut_.tokens += lost;
    } catch (const DataError& error) {
      const std::lock_guard lock(mutex);
      wrong.emplace(i, error);
    }
  });
  Problems problems("texts that the model cannot read");
  for (const auto& [i, error] : wrong)
    problems.add_error(name(static_cast<std::int64_t>(i)), error);
  problems.throw_if_any();
}

std::int64_t TextSource::encode(std::int64_t i, text::Truncation truncation) {
  const Sample& sample = at(i);
  std::optional<std::string_view> pair;
  if (!sample.pair.empty()) pair = sample.pair;
  text::Encoding encoding = tokenizer_->encode(sample.input, pair, max_length_, truncation);
  Encoded& kept = encoded_[static_cast<std::size_t>(i)];
  kept.ids = std::move(encoding.ids);
  kept.ids.shrink_to_fit();
  if (std::ranges::any_of(encoding.types, [](std::int32_t type) { return type != 0; }))
    kept.types = std::move(encoding.types);
  return encoding.cut;
}

std::string TextSource::content(std::int64_t i) const {
  Hash hash;
  hash.add(at(i).input);
  if (!at(i).pair.empty()) hash.add(at(i).pair);
  return hash.hex();
}

std::int64_t TextSource::length(std::int64_t i) const {
  return static_cast<std::int64_t>(encoded_[static_cast<std::size_t>(i)].ids.size());
}

void TextSource::read(std::int64_t i, Random, Row& row) const {
  const Encoded& kept = encoded_[static_cast<std::size_t>(i)];
  row.ids = kept.ids;
  row.types = kept.types;
  row.types.resize(kept.ids.size());
}

}  // namespace graft::data
