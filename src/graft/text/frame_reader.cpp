#include "graft/text/frame_reader.h"

#include "graft/core/error.h"
#include "graft/text/tokenizer_component.h"

namespace graft::text {
namespace {

using io::JsonObject;
using Kind = Frame::Part::Kind;

int32_t checked_id(const JsonObject& json, int64_t id) {
  if (id < 0 || id > INT32_MAX) {
    throw ModelError("tokenizer", "{}: a special token of the post-processor has the id {}: expected 0 to {}.",
                     json.file(), id, INT32_MAX);
  }
  return static_cast<int32_t>(id);
}

// ["[SEP]", 102]
int32_t named_id(const JsonObject& json, const char* key) {
  const auto& pair = json.raw(key);
  if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_number_integer()) {
    json.refuse(json.name_of(key), "a token and its id", &pair);
  }
  return checked_id(json, pair[1].get<int64_t>());
}

std::vector<Frame::Part> read_parts(const JsonObject& json, const char* key, const JsonObject& special_tokens) {
  std::vector<Frame::Part> parts;
  for (const auto& part : json.objects(key)) {
    if (const auto text = part.find_object("Sequence")) {
      const auto which = text->need<std::string>("id");
      if (which != "A" && which != "B") text->refuse(text->name_of("id"), "A or B", &text->raw("id"));
      parts.push_back(
          {which == "A" ? Kind::kText : Kind::kPair, checked_id(json, text->get("type_id", int64_t{0})), 0});
      continue;
    }
    const auto special = part.find_object("SpecialToken");
    if (!special) part.refuse(part.name_of("SpecialToken"), "a Sequence or a SpecialToken", nullptr);
    const auto name = special->need<std::string>("id");
    const auto type = checked_id(json, special->get("type_id", int64_t{0}));
    const auto tokens = special_tokens.object(name);
    tokens.ignore({"id", "tokens"});
    for (const int64_t id : tokens.need<std::vector<int64_t>>("ids"))
      parts.push_back({Kind::kSpecial, type, checked_id(json, id)});
  }
  return parts;
}

Frame framed_by(int32_t begin, int32_t end, int32_t ends_between, int32_t pair_type) {
  Frame frame;
  frame.single = {{Kind::kSpecial, 0, begin}, {Kind::kText, 0, 0}, {Kind::kSpecial, 0, end}};
  frame.pair = frame.single;
  for (int32_t i = 1; i < ends_between; ++i)
    frame.pair.push_back({Kind::kSpecial, 0, end});
  frame.pair.push_back({Kind::kPair, pair_type, 0});
  frame.pair.push_back({Kind::kSpecial, pair_type, end});
  return frame;
}

bool adds_nothing(const Frame& frame) {
  return frame.single.size() == 1;
}

}  // namespace

Frame bare_frame() {
  Frame frame;
  frame.single = {{Kind::kText, 0, 0}};
  frame.pair = {{Kind::kText, 0, 0}, {Kind::kPair, 1, 0}};
  return frame;
}

Frame framed(std::optional<int32_t> bos, std::optional<int32_t> eos) {
  Frame frame;
  const auto add = [&](std::vector<Frame::Part>& parts, Kind text, int32_t type) {
    if (bos) parts.push_back({Kind::kSpecial, type, *bos});
    parts.push_back({text, type, 0});
    if (eos) parts.push_back({Kind::kSpecial, type, *eos});
  };
  add(frame.single, Kind::kText, 0);
  frame.pair = frame.single;
  add(frame.pair, Kind::kPair, 1);
  return frame;
}

Frame read_frame(const JsonObject& json) {
  const auto type = json.need<std::string>("type");
  Frame frame = bare_frame();
  if (type == "TemplateProcessing") {
    const auto special_tokens = json.object("special_tokens");
    frame.single = read_parts(json, "single", special_tokens);
    frame.pair = read_parts(json, "pair", special_tokens);
    special_tokens.ignore({"*"});
  } else if (type == "BertProcessing") {
    frame = framed_by(named_id(json, "cls"), named_id(json, "sep"), 1, 1);
  } else if (type == "RobertaProcessing") {
    frame = framed_by(named_id(json, "cls"), named_id(json, "sep"), 2, 0);
    json.ignore({"trim_offsets", "add_prefix_space"});
  } else if (type == "ByteLevel") {
    json.ignore({"trim_offsets", "add_prefix_space", "use_regex"});
  } else if (type == "Sequence") {
    for (const auto& each : json.objects("processors")) {
      const Frame next = read_frame(each);
      if (adds_nothing(next)) continue;
      if (!adds_nothing(frame)) {
        throw ModelError("tokenizer", "{}: {} has two post-processors that add tokens: expected one.", json.file(),
                         json.name_of("processors"));
      }
      frame = next;
    }
  } else {
    refuse_component(json, "post-processor", type,
                     "BertProcessing, ByteLevel, RobertaProcessing, Sequence, TemplateProcessing");
  }
  json.refuse_unread("tokenizer", kUnknownSetting);
  return frame;
}

}  // namespace graft::text
