#include "graft/text/tokenizer_json.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "graft/core/error.h"
#include "graft/text/added_token_reader.h"
#include "graft/text/frame_reader.h"
#include "graft/text/pre_tokenizer.h"
#include "graft/text/tokenizer_component.h"
#include "graft/text/word_model_reader.h"

namespace graft::text {
namespace {

using io::JsonObject;

constexpr const char* kSpecialNames[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                         "pad_token", "cls_token", "mask_token"};

// "[PAD]", or {"content": "[PAD]", ...}; empty: the file names none.
std::string special_content(const JsonObject& config, const char* name) {
  const auto& value = config.raw(name);
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.contains("content") && value["content"].is_string()) {
    return value["content"].get<std::string>();
  }
  if (!value.is_null()) config.refuse(config.name_of(name), "a token", &value);
  return {};
}

class PipelineReader {
 public:
  PipelineReader(const JsonObject& json, const JsonObject& config) : json_(json), config_(config) {}

  Pipeline read() {
    json_.ignore({"version"});
    parts_.model = read_word_model(json_.object("model"), special_tokens());
    if (const auto normalizer = json_.find_object("normalizer")) parts_.normalizer = read_normalizer(*normalizer);
    if (const auto words = json_.find_object("pre_tokenizer")) parts_.words = read_pre_tokenizer(*words);
    const auto decoder = json_.find_object("decoder");
    parts_.decoder = decoder ? read_decoder(*decoder) : join_with_blanks();
    if (decoder) decoder->ignore({"*"});
    const auto frame = json_.find_object("post_processor");
    parts_.frame = frame ? read_frame(*frame) : bare_frame();
    size_ = vocabulary().end();
    read_added_tokens();
    check_frame();
    read_lengths();
    read_special_names();
    json_.refuse_unread("tokenizer", kUnknownSetting);
    return std::move(parts_);
  }

 private:
  const Vocabulary& vocabulary() const { return parts_.model->vocabulary(); }
  std::unordered_set<std::string> special_tokens() const;
  std::optional<int32_t> find(std::string_view token) const;
  bool is_token(int32_t id) const;
  void read_added_tokens();
  void check_frame() const;
  void read_lengths();
  void read_special_names();

  const JsonObject& json_;
  const JsonObject& config_;
  Pipeline parts_;
  int size_ = 0;  // the highest id plus 1
};

// The special ones among the added tokens.
std::unordered_set<std::string> PipelineReader::special_tokens() const {
  std::unordered_set<std::string> contents;
  for (const auto& entry : json_.objects("added_tokens")) {
    if (entry.get("special", false)) contents.insert(entry.need<std::string>("content"));
  }
  return contents;
}

// An added token that the model's vocabulary has keeps its id there; another takes the next free one.
void PipelineReader::read_added_tokens() {
  std::vector<AddedToken> tokens;
  std::unordered_set<std::string> seen;
  auto next = static_cast<int64_t>(vocabulary().count());
  const auto add = [&](AddedToken token, const std::string& file) {
    if (token.content.empty() || !seen.insert(token.content).second) return;
    const auto known = vocabulary().find(token.content);
    const int64_t expected = known ? *known : next;
    if (token.id != expected) {
      throw ModelError("tokenizer",
                       "{}: the added token '{}' has the id {}, by the vocabulary it is {}. Is the file whole?", file,
                       token.content, token.id, expected);
    }
    if (!known) ++next;
    size_ = std::max(size_, token.id + 1);
    tokens.push_back(std::move(token));
  };
  for (const auto& entry : json_.objects("added_tokens"))
    add(read_added_token(entry, entry.need<int64_t>("id")), json_.file());
  for (auto& token : added_tokens_of(config_))
    add(std::move(token), config_.file());
  parts_.added = std::move(tokens);
}

void PipelineReader::check_frame() const {
  for (const auto* parts : {&parts_.frame.single, &parts_.frame.pair}) {
    for (const auto& part : *parts) {
      if (part.kind == Frame::Part::Kind::kSpecial && !is_token(part.id)) {
        throw ModelError("tokenizer", "{}: the post-processor puts the id {} around a text, which no token has.",
                         json_.file(), part.id);
      }
    }
  }
}

void PipelineReader::read_lengths() {
  constexpr double kNone = 1e15;  // transformers writes 1e30 for a model without a limit
  if (const auto cut = json_.find_object("truncation")) {
    parts_.max_length = cut->need<int64_t>("max_length");
    parts_.frame.cut_left = cut->get("direction", std::string("Right")) == "Left";
    cut->ignore({"strategy", "stride"});  // the caller says how, and takes one row
  }
  if (const auto length = config_.find<double>("model_max_length"); length && *length > 0 && *length < kNone) {
    parts_.max_length = static_cast<int64_t>(*length);
  }
  if (const auto side = config_.find<std::string>("truncation_side")) parts_.frame.cut_left = *side == "left";
  if (const auto padding = json_.find_object("padding")) {
    parts_.pads_left = padding->get("direction", std::string("Right")) == "Left";
    const auto id = padding->get("pad_id", int64_t{0});
    if (id < 0 || id >= size_) {
      throw ModelError("tokenizer", "{}: padding.pad_id is {}: expected 0 to {}.", json_.file(), id, size_ - 1);
    }
    parts_.pad = static_cast<int32_t>(id);
    padding->ignore({"strategy", "pad_to_multiple_of", "pad_type_id", "pad_token"});
  }
  if (const auto side = config_.find<std::string>("padding_side")) parts_.pads_left = *side == "left";
}

void PipelineReader::read_special_names() {
  for (const char* name : kSpecialNames) {
    const auto content = special_content(config_, name);
    if (content.empty()) continue;
    const auto id = find(content);
    if (!id) {
      throw ModelError("tokenizer", "{}: {} is '{}', which the vocabulary lacks. Are both of one model?",
                       config_.file(), name, content);
    }
    parts_.special[name] = *id;
  }
  if (const auto pad = parts_.special.find("pad_token"); pad != parts_.special.end()) parts_.pad = pad->second;
}

std::optional<int32_t> PipelineReader::find(std::string_view token) const {
  if (const auto id = vocabulary().find(token)) return id;
  for (const auto& added : parts_.added) {
    if (added.content == token) return added.id;
  }
  return std::nullopt;
}

bool PipelineReader::is_token(int32_t id) const {
  return vocabulary().token(id) != nullptr ||
         std::any_of(parts_.added.begin(), parts_.added.end(), [&](const auto& token) { return token.id == id; });
}

}  // namespace

Pipeline read_pipeline(const JsonObject& json, const JsonObject& config) {
  return PipelineReader(json, config).read();
}

}  // namespace graft::text
