#include "graft/text/pipeline_tokenizer.h"

#include <algorithm>
#include <unordered_set>

#include "graft/core/error.h"
#include "graft/text/frame_reader.h"
#include "graft/text/given_text.h"
#include "graft/text/pre_tokenizer.h"
#include "graft/text/tokenizer_component.h"
#include "graft/text/utf8.h"
#include "graft/text/word_model_reader.h"

namespace graft::text {
namespace {

using io::JsonObject;

constexpr const char* kSpecialNames[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                         "pad_token", "cls_token", "mask_token"};

AddedToken read_added(const JsonObject& json, int64_t id) {
  AddedToken token{json.need<std::string>("content"), static_cast<int32_t>(id),  json.get("special", false),
                   json.get("single_word", false),    json.get("lstrip", false), json.get("rstrip", false),
                   json.get("normalized", true)};
  json.refuse_unread("tokenizer", kUnknownSetting);
  return token;
}

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

}  // namespace

PipelineTokenizer::PipelineTokenizer(const JsonObject& json, const JsonObject& config) {
  json.ignore({"version"});
  model_ = read_word_model(json.object("model"));
  if (const auto normalizer = json.find_object("normalizer")) normalizer_ = read_normalizer(*normalizer);
  if (const auto words = json.find_object("pre_tokenizer")) words_ = read_pre_tokenizer(*words);
  const auto decoder = json.find_object("decoder");
  decoder_ = decoder ? read_decoder(*decoder) : join_with_blanks();
  if (decoder) decoder->ignore({"*"});
  const auto frame = json.find_object("post_processor");
  frame_ = frame ? read_frame(*frame) : bare_frame();
  size_ = model_->vocabulary().end();
  read_added_tokens(json, config);
  check_frame(json.file());
  read_lengths(json, config);
  read_special_names(config);
  json.refuse_unread("tokenizer", kUnknownSetting);
}

// An added token that the model's vocabulary has keeps its id there; another takes the next free one.
void PipelineTokenizer::read_added_tokens(const JsonObject& json, const JsonObject& config) {
  std::vector<AddedToken> tokens;
  std::unordered_set<std::string> seen;
  auto next = static_cast<int64_t>(model_->vocabulary().count());
  const auto add = [&](const JsonObject& entry, int64_t id, const std::string& file) {
    const auto token = read_added(entry, id);
    if (token.content.empty() || !seen.insert(token.content).second) return;
    const auto known = model_->vocabulary().find(token.content);
    const int64_t expected = known ? *known : next;
    if (id != expected) {
      throw ModelError("tokenizer",
                       "{}: the added token '{}' has the id {}, by the vocabulary it is {}. Is the file whole?", file,
                       token.content, id, expected);
    }
    if (!known) ++next;
    size_ = std::max(size_, static_cast<int>(id) + 1);
    tokens.push_back(token);
  };
  for (const auto& entry : json.objects("added_tokens"))
    add(entry, entry.need<int64_t>("id"), json.file());
  const auto more = config.object("added_tokens_decoder");
  std::vector<std::pair<int64_t, std::string>> by_id;
  for (const auto& key : more.keys()) {
    if (key.empty() || key.size() > 9 || key.find_first_not_of("0123456789") != std::string::npos) {
      throw FileError("tokenizer", "{}: added_tokens_decoder: expected ids as keys, got '{}'.", config.file(), key);
    }
    by_id.emplace_back(std::stoll(key), key);
  }
  std::sort(by_id.begin(), by_id.end());
  for (const auto& [id, key] : by_id)
    add(more.object(key), id, config.file());
  added_ = AddedTokens(std::move(tokens), normalizer_);
}

void PipelineTokenizer::check_frame(const std::string& file) const {
  for (const auto* parts : {&frame_.single, &frame_.pair}) {
    for (const auto& part : *parts) {
      if (part.kind == Frame::Part::Kind::kSpecial && spelling(part.id).empty()) {
        throw ModelError("tokenizer", "{}: the post-processor puts the id {} around a text, which no token has.", file,
                         part.id);
      }
    }
  }
}

void PipelineTokenizer::read_lengths(const JsonObject& json, const JsonObject& config) {
  constexpr double kNone = 1e15;  // transformers writes 1e30 for a model without a limit
  if (const auto cut = json.find_object("truncation")) {
    max_length_ = cut->need<int64_t>("max_length");
    frame_.cut_left = cut->get("direction", std::string("Right")) == "Left";
    cut->ignore({"strategy", "stride"});  // the caller says how, and takes one row
  }
  if (const auto length = config.find<double>("model_max_length"); length && *length > 0 && *length < kNone) {
    max_length_ = static_cast<int64_t>(*length);
  }
  if (const auto side = config.find<std::string>("truncation_side")) frame_.cut_left = *side == "left";
  if (const auto padding = json.find_object("padding")) {
    pads_left_ = padding->get("direction", std::string("Right")) == "Left";
    const auto id = padding->get("pad_id", int64_t{0});
    if (id < 0 || id >= size_) {
      throw ModelError("tokenizer", "{}: padding.pad_id is {}: expected 0 to {}.", json.file(), id, size_ - 1);
    }
    pad_ = static_cast<int32_t>(id);
    padding->ignore({"strategy", "pad_to_multiple_of", "pad_type_id", "pad_token"});
  }
  if (const auto side = config.find<std::string>("padding_side")) pads_left_ = *side == "left";
}

void PipelineTokenizer::read_special_names(const JsonObject& config) {
  for (const char* name : kSpecialNames) {
    const auto content = special_content(config, name);
    if (content.empty()) continue;
    const auto id = find(content);
    if (!id) {
      throw ModelError("tokenizer", "{}: {} is '{}', which the vocabulary lacks. Are both of one model?", config.file(),
                       name, content);
    }
    special_[name] = *id;
  }
  if (const auto pad = special_.find("pad_token"); pad != special_.end()) pad_ = pad->second;
}

std::optional<int32_t> PipelineTokenizer::find(std::string_view token) const {
  if (const auto id = model_->vocabulary().find(token)) return id;
  for (const auto& added : added_.tokens()) {
    if (added.content == token) return added.id;
  }
  return std::nullopt;
}

std::vector<int32_t> PipelineTokenizer::encode(std::string_view text) const {
  using Stage = AddedTokens::Stage;
  const std::u32string characters = decoded(text);
  std::vector<int32_t> ids;
  for (const auto& written : added_.split(characters, Stage::kAsWritten)) {
    if (written.token != nullptr) {
      ids.push_back(written.token->id);
      continue;
    }
    std::u32string normal(written.text);
    if (normalizer_) normal = normalizer_(std::move(normal));
    for (const auto& part : added_.split(normal, Stage::kNormalized)) {
      if (part.token != nullptr)
        ids.push_back(part.token->id);
      else
        append_words(std::u32string(part.text), ids);
    }
  }
  return ids;
}

void PipelineTokenizer::append_words(std::u32string text, std::vector<int32_t>& ids) const {
  const size_t length = text.size();
  Pieces pieces{std::move(text), {{0, length}}};
  for (const auto& step : words_)
    step(pieces);
  std::string word;
  for (size_t i = 0; i < pieces.spans.size(); ++i) {
    word.clear();
    append_utf8(word, pieces[i]);
    cache_.append(word, ids, [this](std::string_view whole, std::vector<int32_t>& out) { model_->encode(whole, out); });
  }
}

std::string PipelineTokenizer::spelling(int32_t id) const {
  if (const auto* added = added_.find(id)) return added->content;
  const auto* token = model_->vocabulary().token(id);
  return token == nullptr ? std::string() : *token;
}

std::string PipelineTokenizer::decode(std::span<const int32_t> ids) const {
  std::vector<std::string> tokens;
  for (const int32_t id : ids) {
    if (id < 0 || id >= size_) throw DataError("tokenizer", "no token has the id {}: expected 0 to {}.", id, size_ - 1);
    tokens.push_back(spelling(id));
  }
  return decoder_(std::move(tokens));
}

}  // namespace graft::text
