// Any bytes as a tokenizer.model of sentencepiece: a tokeniser or an error of graft's own, never more. A tokeniser's
// ids lie in its vocabulary, and decode.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "graft/core/error.h"
#include "graft/text/sentence_pieces.h"

namespace {

void require_pieces(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace graft;
  constexpr std::string_view kText =
      "The quick  br\u00f6wn \u4e2d\u6587 fox's 123 <s>\t \u2581 \U0001F600 e\u0301 KING ";
  try {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const text::PipelineTokenizer tokenizer(
        text::pipeline_of(text::read_sentence_pieces(bytes, "tokenizer.model"), "tokenizer.model"));
    for (const auto specials : {text::Specials::kParsed, text::Specials::kAsText}) {
      const auto ids = tokenizer.encode(kText, specials);
      require_pieces(
          std::all_of(ids.begin(), ids.end(), [&](int32_t id) { return id >= 0 && id < tokenizer.vocabulary_size(); }));
      tokenizer.decode(ids);
    }
  } catch (const InternalError&) {
    std::abort();
  } catch (const Error&) {
  }
  return 0;
}
