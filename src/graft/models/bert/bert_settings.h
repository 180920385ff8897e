// What the tensors of a BERT do not say: heads, activation, eps, how positions are counted; from config.json, or the
// habits of the family.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "graft/io/model_folder.h"
#include "graft/models/bert/bert_names.h"
#include "graft/models/model.h"

namespace graft::models::bert {

enum class Kind { bert, roberta, distilbert };
const char* to_string(Kind kind);  // "BERT"

struct Settings {
  Kind kind = Kind::bert;
  TowerReading reading{.heads = 0, .activation = tensor::Activation::gelu, .eps = 1e-12};
  int64_t depth = 0;               // 0: as many blocks as there are
  std::optional<int64_t> padding;  // of RoBERTa, whose positions start behind it
  std::vector<Note> notes;
};

Settings settings_of(const io::ModelFolder& folder, const CheckpointReader& reader, const Found& found,
                     const Told& told);

}  // namespace graft::models::bert
