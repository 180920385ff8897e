// A normaliser: a text rewritten before it is split. Made from the "normalizer" of a tokenizer.json.
#pragma once

#include <functional>
#include <string>

#include "graft/io/json_object.h"

namespace graft::text {

using TextStep = std::function<std::u32string(std::u32string)>;

struct BertCleaning {
  bool clean = true, space_chinese = true, lower = true;
  std::optional<bool> strip_accents;  // nullopt: as `lower`
};
std::u32string clean_as_bert(std::u32string text, const BertCleaning& cleaning);

// A component that is not understood, or a setting of one, is a ModelError that names it.
TextStep read_normalizer(const io::JsonObject& json);

}  // namespace graft::text
