// sentencepiece's normaliser: characters by its map, blanks as its model wants them.
#pragma once

#include <memory>
#include <string>

#include "graft/text/character_map.h"
#include "graft/text/normalizer.h"
#include "graft/text/sentence_pieces.h"

namespace graft::text {

// The whole of it, as sentencepiece runs it: user-defined pieces stay as they are. ModelError for a broken map.
TextStep sentence_normalizer(const SentencePieces& model, const std::string& file);

// The map alone, as the `tokenizers` library runs it ("Precompiled"): a cluster of characters that is shorter than six
// bytes becomes what its shortest rule says, in others each character does.
TextStep precompiled_normalizer(std::shared_ptr<const CharacterMap> map);

}  // namespace graft::text
