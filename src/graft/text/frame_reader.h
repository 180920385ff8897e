// The special tokens around a text, from the "post_processor" of a tokenizer.json.
#pragma once

#include "graft/io/json_object.h"
#include "graft/text/tokenizer.h"

namespace graft::text {

Frame bare_frame();  // no special tokens; a pair is the one text behind the other
// `bos` before the text and `eos` behind it, where they are; a pair follows in a frame of its own.
Frame framed(std::optional<int32_t> bos, std::optional<int32_t> eos);
// A component that is not understood, or a setting of one, is a ModelError that names it.
Frame read_frame(const io::JsonObject& json);

}  // namespace graft::text
