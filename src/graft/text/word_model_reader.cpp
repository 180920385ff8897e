#include "graft/text/word_model_reader.h"

#include "graft/core/error.h"
#include "graft/text/merged_pieces.h"
#include "graft/text/tokenizer_component.h"
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

// Files of before 2021 name no type: only WordPiece has a longest word, only BPE has merges.
std::string type_of_model(const JsonObject& model) {
  if (const auto type = model.find<std::string>("type")) return *type;
  if (model.value().contains("max_input_chars_per_word")) return "WordPiece";
  return model.value().contains("merges") ? "BPE" : "of no type";
}

}  // namespace

std::unique_ptr<const WordModel> read_word_model(const JsonObject& model) {
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
  } else {
    refuse_component(model, "model", type, "BPE, WordPiece");
  }
  model.refuse_unread("tokenizer", kUnknownSetting);
  return words;
}

}  // namespace graft::text
