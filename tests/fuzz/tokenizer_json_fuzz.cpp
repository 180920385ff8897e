// Any bytes as a tokenizer.json: a tokeniser or an error of graft's own, never more. A tokeniser's ids lie in its
// vocabulary, are cut to the length asked for, and decode or are refused.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "graft/core/error.h"
#include "graft/io/json_object.h"
#include "graft/text/pipeline_tokenizer.h"
#include "graft/text/tokenizer_json.h"

namespace {

void require_json(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace graft;
  constexpr std::string_view kText = "The quick  bröwn 中文 fox's 123 [SEP]<mask> !? \n\u0301 the";
  constexpr int64_t kLength = 24;
  try {
    const auto json = io::JsonObject::parse({reinterpret_cast<const char*>(data), size}, "tokenizer.json");
    const text::PipelineTokenizer tokenizer(
        text::read_pipeline(json, io::JsonObject(nlohmann::json::object(), "tokenizer_config.json")));
    const auto row = tokenizer.encode(kText, "a pair", kLength, text::Truncation::kLongestFirst);
    require_json(row.ids.size() == row.types.size() && row.ids.size() == row.special.size() && row.cut >= 0);
    require_json(std::all_of(row.ids.begin(), row.ids.end(),
                             [&](int32_t id) { return id >= 0 && id < tokenizer.vocabulary_size(); }));
    tokenizer.decode(row.ids);
  } catch (const InternalError&) {
    std::abort();
  } catch (const Error&) {
  }
  return 0;
}
