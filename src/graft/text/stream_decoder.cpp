#include "graft/text/stream_decoder.h"

#include <algorithm>

namespace graft::text {
namespace {

constexpr std::string_view kReplacement = "\uFFFD";
constexpr size_t kMostContext = 8;  // ids before, of which a tokeniser's decoding looks at one
// A character has four bytes, and so many tokens at most. Of more that end in none, as of a text of U+FFFD, all but the
// last three are let out.
constexpr size_t kMostHeld = 16, kUnfinished = 3;

}  // namespace

StreamDecoder::StreamDecoder(const Tokenizer& tokenizer, std::span<const int32_t> before) : tokenizer_(tokenizer) {
  const auto context = before.last(std::min(before.size(), kMostContext));
  ids_.assign(context.begin(), context.end());
  out_ = ids_.size();
  out_text_ = tokenizer_.decode(ids_);
}

std::string StreamDecoder::add(int32_t id) {
  ids_.push_back(id);
  const size_t held = ids_.size() - out_;
  if (!tokenizer_.decode(ids_).ends_with(kReplacement)) return release(held);
  return held < kMostHeld ? std::string() : release(held - kUnfinished);
}

std::string StreamDecoder::finish() {
  return release(ids_.size() - out_);
}

std::string StreamDecoder::release(size_t count) {
  if (count == 0) return {};
  const auto all = std::span<const int32_t>(ids_).first(out_ + count);
  const std::string text = tokenizer_.decode(all);
  std::string released = text.starts_with(out_text_) ? text.substr(out_text_.size())
                                                     : tokenizer_.decode(all.last(count));  // what was out was no text
  ids_.erase(ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(out_));
  out_ = count;
  out_text_ = tokenizer_.decode(std::span<const int32_t>(ids_).first(count));
  return released;
}

}  // namespace graft::text
