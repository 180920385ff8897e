// The "model" of a tokenizer.json: its vocabulary and how words fall into it.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>

#include "graft/io/json_object.h"
#include "graft/text/word_model.h"

namespace graft::text {

// A model that is not understood, or a setting of one, is a ModelError that names it.
// `special` are tokens that no text may become: an unigram's pieces without them.
std::unique_ptr<const WordModel> read_word_model(const io::JsonObject& json,
                                                 const std::unordered_set<std::string>& special = {});

}  // namespace graft::text
