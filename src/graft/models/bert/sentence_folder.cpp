#include "graft/models/bert/sentence_folder.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "graft/core/error.h"
#include "graft/core/options.h"

namespace graft::models::bert {
namespace {

namespace fs = std::filesystem;
using io::JsonObject;

constexpr const char* kOtherEmbeddings = "Its embeddings would not be the model's own, so nothing was loaded.";

// In the order in which several stand side by side.
constexpr std::pair<const char*, TextPooling> kSwitches[] = {
    {"pooling_mode_cls_token", TextPooling::cls},
    {"pooling_mode_max_tokens", TextPooling::max},
    {"pooling_mode_mean_tokens", TextPooling::mean},
    {"pooling_mode_mean_sqrt_len_tokens", TextPooling::mean_sqrt_len},
    {"pooling_mode_weightedmean_tokens", TextPooling::weighted_mean},
    {"pooling_mode_lasttoken", TextPooling::last},
};

// "sentence_transformers.models.Pooling" -> "Pooling"
std::string class_of(const JsonObject& module) {
  const auto type = module.need<std::string>("type");
  return type.substr(type.rfind('.') + 1);
}

void check_modules(const std::vector<JsonObject>& modules) {
  constexpr const char* kOrder[] = {"Transformer", "Pooling", "Normalize"};
  for (size_t i = 0; i < modules.size(); ++i) {
    const auto type = modules[i].need<std::string>("type");
    if (i < std::size(kOrder) && class_of(modules[i]) == kOrder[i]) continue;
    throw ModelError("bert", "{}: module {} is {}: expected Transformer, Pooling and perhaps Normalize. {}",
                     modules[i].file(), i, type, kOtherEmbeddings);
  }
}

TextPooling mode_of(const JsonObject& config, const std::string& name) {
  for (const auto& [pooling, known] : choices(TextPooling{}))
    if (known == name && pooling != TextPooling::pooler) return pooling;
  throw ModelError("bert",
                   "{}: pooling_mode = \"{}\": expected cls, max, mean, mean_sqrt_len_tokens, weightedmean or "
                   "lasttoken.",
                   config.file(), name);
}

void read_pooling(const fs::path& file, SentenceFolder& sentences) {
  const auto config = JsonObject::read(file);
  if (!config)
    throw FileError("bert", "{} is missing, though modules.json names it. Is the folder whole?", file.string());
  config->ignore({"word_embedding_dimension", "embedding_dimension", "include_prompt"});
  const auto& mode = config->raw("pooling_mode");
  if (mode.is_string()) {
    sentences.pooling = {mode_of(*config, mode.get<std::string>())};
  } else if (!mode.is_null()) {
    for (const auto& name : config->need<std::vector<std::string>>("pooling_mode"))
      sentences.pooling.push_back(mode_of(*config, name));
  }
  for (const auto& [name, pooling] : kSwitches) {
    const bool on = config->get(name, false);
    if (on && mode.is_null()) sentences.pooling.push_back(pooling);
  }
  if (sentences.pooling.empty()) sentences.pooling = {TextPooling::mean};
  sentences.pooling_file = config->file();
  config->refuse_unread("bert", kOtherEmbeddings);
}

void read_transformer(const fs::path& folder, SentenceFolder& sentences) {
  // The names that its versions gave to one file.
  for (const char* name :
       {"sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json",
        "sentence_camembert_config.json", "sentence_xlm-roberta_config.json"}) {
    const auto config = JsonObject::read(folder / name);
    if (!config) continue;
    sentences.max_length = config->find<int64_t>("max_seq_length");
    if (config->get("do_lower_case", false)) sentences.lower_case = config->file();
    config->expect("transformer_task", {"feature-extraction"});
    config->expect("module_output_name", {"token_embeddings"});
    if (const auto kinds = config->find_object("modality_config")) {
      if (const auto text = kinds->find_object("text")) {
        text->expect("method", {"forward"});
        text->expect("method_output_name", {"last_hidden_state"});
      }
    }
    config->ignore({"unpad_inputs"});
    config->refuse_unread("bert", kOtherEmbeddings);
    return;
  }
}

// Words that are put before texts: by the caller's choice, or always.
void read_prompts(const fs::path& folder, SentenceFolder& sentences) {
  const auto config = JsonObject::read(folder / "config_sentence_transformers.json");
  if (!config) return;
  const auto prompts = config->object("prompts");
  const auto usual = config->get<std::string>("default_prompt_name", "");
  if (const auto words = usual.empty() ? "" : prompts.get<std::string>(usual, ""); !words.empty()) {
    throw ModelError("bert",
                     "{}: default_prompt_name = \"{}\": sentence-transformers puts '{}' before every text, which graft "
                     "does not. Set it to null, and put these words into the data.",
                     config->file(), usual, words);
  }
  std::vector<std::string> named;
  for (const auto& name : prompts.keys())
    if (const auto words = prompts.get<std::string>(name, ""); !words.empty())
      named.push_back(fmt::format("'{}'", words));
  if (named.empty()) return;
  sentences.notes.push_back({fmt::format("texts are read as they are; the model knows words to put before them: {}",
                                         fmt::join(named, ", "))});
}

}  // namespace

SentenceFolder read_sentence_folder(const io::ModelFolder& folder) {
  SentenceFolder sentences;
  if (folder.modules.empty()) return sentences;
  check_modules(folder.modules);
  read_transformer(folder.inside, sentences);
  read_prompts(folder.path, sentences);
  if (folder.modules.size() > 1) {
    read_pooling(folder.path / folder.modules[1].get("path", std::string()) / "config.json", sentences);
  }
  if (folder.modules.size() > 2) {
    sentences.notes.push_back(
        {.text = "features are not of unit length, as sentence-transformers' of this model are", .numbers = false});
  }
  return sentences;
}

}  // namespace graft::models::bert
