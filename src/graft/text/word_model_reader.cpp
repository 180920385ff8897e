#include "graft/text/word_model_reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "graft/core/error.h"
#include "graft/text/merged_pieces.h"
#include "graft/text/tokenizer_component.h"
#include "graft/text/unigram.h"
#include "graft/text/word_piece.h"

namespace graft::text {
namespace {

using io::JsonObject;
using nlohmann::json;

Vocabulary read_vocabulary(const JsonObject& model) {
  const json& tokens = model.raw("vocab");
  if (!tokens.is_object()) model.refuse(model.name_of("vocab"), "an object of tokens and their ids", &tokens);
  Vocabulary vocabulary;
  for (const auto& [token, id] : tokens.items()) {
    if (!id.is_number_integer()) model.refuse(model.name_of("vocab") + "." + token, "an id", &id);
    vocabulary.add(token, id.get<int64_t>(), model.file());
  }
  return vocabulary;
}

// ["left right", ...] as older files have it, or [["left", "right"], ...].
std::vector<MergedPieces::Merge> read_merges(const JsonObject& model) {
  const json& list = model.raw("merges");
  if (!list.is_array()) model.refuse(model.name_of("merges"), "a list", &list);
  std::vector<MergedPieces::Merge> merges;
  merges.reserve(list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    const json& each = list[i];
    if (each.is_array() && each.size() == 2 && each[0].is_string() && each[1].is_string()) {
      merges.emplace_back(each[0].get<std::string>(), each[1].get<std::string>());
      continue;
    }
    const std::string line = each.is_string() ? each.get<std::string>() : std::string();
    const size_t space = line.find(' ');
    if (space == std::string::npos || line.find(' ', space + 1) != std::string::npos) {
      model.refuse(fmt::format("{}[{}]", model.name_of("merges"), i), "two tokens", &each);
    }
    merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return merges;
}

// Files of before 2021 name no type: only WordPiece has a longest word, only a unigram an unknown id, only BPE merges.
std::string type_of_model(const JsonObject& model) {
  if (const auto type = model.find<std::string>("type")) return *type;
  if (model.value().contains("max_input_chars_per_word")) return "WordPiece";
  if (model.value().contains("unk_id")) return "Unigram";
  return model.value().contains("merges") ? "BPE" : "of no type";
}

// [["piece", score], ...], the id of each its place.
std::unique_ptr<const WordModel> read_unigram(const JsonObject& model, const std::unordered_set<std::string>& special) {
  constexpr double kUnknownPenalty = 10;
  const json& list = model.raw("vocab");
  if (!list.is_array() || list.empty()) model.refuse(model.name_of("vocab"), "a list of pieces and scores", &list);
  Vocabulary vocabulary;
  std::vector<double> scores;
  for (size_t id = 0; id < list.size(); ++id) {
    const json& each = list[id];
    if (!each.is_array() || each.size() != 2 || !each[0].is_string() || !each[1].is_number()) {
      model.refuse(fmt::format("{}[{}]", model.name_of("vocab"), id), "a piece and its score", &each);
    }
    vocabulary.add(each[0].get<std::string>(), static_cast<int64_t>(id), model.file());
    scores.push_back(each[1].get<double>());
  }
  Unigram::Settings settings;
  settings.unknown_score = *std::min_element(scores.begin(), scores.end()) - kUnknownPenalty;
  settings.byte_fallback = model.get("byte_fallback", false);
  if (const auto unknown = model.find<int64_t>("unk_id")) {
    if (*unknown < 0 || *unknown >= std::ssize(scores)) {
      throw ModelError("tokenizer", "{}: {} is {}: expected 0 to {}.", model.file(), model.name_of("unk_id"), *unknown,
                       scores.size() - 1);
    }
    settings.unknown = static_cast<int32_t>(*unknown);
  }
  std::vector<Unigram::Piece> pieces;
  for (size_t i = 0; i < scores.size(); ++i) {
    const auto id = static_cast<int32_t>(i);
    const std::string& piece = *vocabulary.token(id);
    const bool found = !piece.empty() && vocabulary.find(piece) == id;  // of equal pieces the last counts
    if (found && id != settings.unknown && !special.contains(piece)) pieces.push_back({id, scores[i]});
  }
  return std::make_unique<Unigram>(std::move(vocabulary), pieces, settings);
}

}  // namespace

std::unique_ptr<const WordModel> read_word_model(const JsonObject& model,
                                                 const std::unordered_set<std::string>& special) {
  const auto type = type_of_model(model);
  std::unique_ptr<const WordModel> words;
  if (type == "WordPiece") {
    words = std::make_unique<WordPiece>(read_vocabulary(model),
                                        WordPiece::Settings{model.get("unk_token", std::string("[UNK]")),
                                                            model.get("continuing_subword_prefix", std::string("##")),
                                                            model.get("max_input_chars_per_word", int64_t{100})});
  } else if (type == "BPE") {
    if (model.get("dropout", 0.0) != 0.0) {
      throw ModelError("tokenizer", "{}: {}: dropout makes ids that differ from time to time. Set it to null.",
                       model.file(), model.name_of("dropout"));
    }
    MergedPieces::Settings settings{model.get("unk_token", std::string()),
                                    model.get("continuing_subword_prefix", std::string()),
                                    model.get("end_of_word_suffix", std::string()),
                                    model.get("fuse_unk", false),
                                    model.get("byte_fallback", false),
                                    model.get("ignore_merges", false)};
    words = std::make_unique<MergedPieces>(read_vocabulary(model), read_merges(model), settings);
  } else if (type == "Unigram") {
    words = read_unigram(model, special);
  } else {
    refuse_component(model, "model", type, "BPE, Unigram, WordPiece");
  }
  model.refuse_unread("tokenizer", kUnknownSetting);
  return words;
}

}  // namespace graft::text
