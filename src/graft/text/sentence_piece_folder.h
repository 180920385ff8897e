// A model's folder whose tokeniser is a sentencepiece file.
#pragma once

#include <filesystem>

#include "graft/io/json_object.h"
#include "graft/text/pipeline_tokenizer.h"

namespace graft::text {

// `model` is the sentencepiece file, `config` the tokenizer_config.json beside it or an empty object: it names the
// class and with it what stands around a text, and tokens that were added. A class whose ids are not sentencepiece's
// own is a ModelError that names it.
Pipeline read_sentence_piece_pipeline(const std::filesystem::path& model, const io::JsonObject& config);

}  // namespace graft::text
