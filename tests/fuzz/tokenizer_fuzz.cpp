// Any bytes as a text for CLIP's tokeniser: ids or a DataError, never more. Ids lie in the vocabulary, decode, and are
// cut to the model's length with the end token last.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "graft/core/error.h"
#include "graft/text/clip_tokenizer.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int kContext = 8;
  const auto& clip = graft::text::ClipTokenizer::shared();
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto ids = clip.encode(text);
    require(std::all_of(ids.begin(), ids.end(), [&](int32_t id) { return id >= 0 && id < clip.vocabulary_size(); }));
    clip.decode(ids);
    const auto tokens = clip.tokenize(text, kContext, true);
    require(tokens.ids.size() == std::min<size_t>(kContext, ids.size() + 2));
    require(tokens.ids.front() == clip.start() && tokens.ids.back() == clip.end());
    require(tokens.ids[static_cast<size_t>(tokens.end)] == clip.end());
  } catch (const graft::DataError&) {
  }
  return 0;
}
