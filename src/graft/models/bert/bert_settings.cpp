#include "graft/models/bert/bert_settings.h"

#include <fmt/ranges.h>

#include <string>

#include "graft/core/error.h"
#include "graft/models/transformers_keys.h"

namespace graft::models::bert {
namespace {

using io::JsonObject;

constexpr const char* kWayOn = "Its features would not be the model's own, so nothing was loaded.";
constexpr int64_t kRobertaPadding = 1;
constexpr double kRobertaEps =
    1e-5;  // of the published ones; transformers' default for a config that is silent is 1e-12

constexpr const char* kWords = "embeddings.word_embeddings.weight";
constexpr const char* kTypes = "embeddings.token_type_embeddings.weight";

// RoBERTa's tensors have BERT's names; it knows one type of token.
Kind kind_by_tensors(const CheckpointReader& reader, const Found& found) {
  if (found.names == &kDistilBert) return Kind::distilbert;
  if (found.prefix.ends_with("roberta.")) return Kind::roberta;
  return reader.has(kTypes) && sizes_of(reader, kTypes, 2)[0] == 1 ? Kind::roberta : Kind::bert;
}

void expect_kind(const JsonObject& config, const Found& found, Settings& settings) {
  config.expect("model_type", {"bert", "roberta", "xlm-roberta", "camembert", "distilbert"},
                "graft does not know this architecture.");
  const auto type = config.get<std::string>("model_type", "");
  if (type.empty()) return;
  if ((type == "distilbert") != (found.names == &kDistilBert)) {
    throw ModelError("bert", "{}: model_type = \"{}\", but the tensors are those of another network.", config.file(),
                     type);
  }
  settings.kind = type == "distilbert" ? Kind::distilbert : type == "bert" ? Kind::bert : Kind::roberta;
}

// What is true of one network and no other's business here; sizes are told by the tensors.
void read_bert(const JsonObject& config, Settings& settings) {
  config.ignore({"vocab_size", "max_position_embeddings", "type_vocab_size", "classifier_dropout"});
  // Of the Chinese and multilingual BERT, about a pooler that nobody built.
  config.ignore({"directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
                 "pooler_size_per_head", "pooler_type"});
  settings.reading.heads = config.get("num_attention_heads", int64_t{12});
  settings.reading.eps = config.get("layer_norm_eps", 1e-12);
  settings.depth = config.get("num_hidden_layers", int64_t{12});
  settings.reading.activation = transformers_activation(config, "hidden_act");
  config.expect("position_embedding_type", {"absolute"}, "graft does not build relative positions.");
  config.expect("add_cross_attention", {false});
  config.expect("is_decoder", {false}, "A decoder reads from left to right; graft's BERT reads both ways.");
}

void read_distilbert(const JsonObject& config, Settings& settings) {
  config.ignore({"vocab_size", "max_position_embeddings", "sinusoidal_pos_embds", "qa_dropout", "seq_classif_dropout",
                 "tie_weights_"});
  settings.reading.heads = config.get("n_heads", config.get("num_attention_heads", int64_t{12}));
  settings.depth = config.get("n_layers", config.get("num_hidden_layers", int64_t{6}));
  settings.reading.activation = transformers_activation(config, "activation");
}

void expect_width(const JsonObject& config, const char* key, int64_t got) {
  const auto said = config.find<int64_t>(key);
  if (!said || *said == got) return;
  throw ModelError("bert", "{}: {} = {}, the tensors have {}.", config.file(), key, *said, got);
}

void read_config(const JsonObject& config, const CheckpointReader& reader, const Found& found, Settings& settings) {
  expect_kind(config, found, settings);
  ignore_transformers_keys(config);
  config.ignore({"bos_token_id", "eos_token_id", "cls_token_id", "mask_token_id", "output_past", "num_labels",
                 "transformers.js_config", "cross_attention_hidden_size"});
  config.expect("is_encoder_decoder", {false});
  const bool distilled = settings.kind == Kind::distilbert;
  expect_width(config, distilled ? "dim" : "hidden_size", sizes_of(reader, kWords, 2)[1]);
  const auto fc1 = std::string(found.names->blocks) + "0." + found.names->block.fc1 + ".weight";
  expect_width(config, distilled ? "hidden_dim" : "intermediate_size", sizes_of(reader, fc1, 2)[0]);
  if (distilled) {
    read_distilbert(config, settings);
  } else {
    read_bert(config, settings);
  }
  const auto padding = config.get("pad_token_id", kRobertaPadding);
  if (settings.kind == Kind::roberta) settings.padding = padding;
  config.refuse_unread("bert", kWayOn);
}

// A lone checkpoint: heads of width 64, as every BERT has them but MiniLM, which is 384 wide.
void assume(const CheckpointReader& reader, const Told& told, Settings& settings) {
  const auto width = sizes_of(reader, kWords, 2)[1];
  if (!told.heads && (width % 64 != 0 || width == 384)) {
    throw ModelError("bert",
                     "its tensors do not tell its heads, and of {} numbers there may be 12 of MiniLM's or others. A "
                     "config.json beside the weights says how many, or --heads.",
                     width);
  }
  settings.reading.heads = told.heads.value_or(width / 64);
  if (settings.kind == Kind::roberta) {
    settings.padding = kRobertaPadding;
    settings.reading.eps = kRobertaEps;
  }
  std::vector<std::string> assumed = {to_string(settings.kind)};
  if (!told.activation) assumed.emplace_back("GELU");
  if (!told.heads) assumed.emplace_back("heads of width 64");
  settings.notes.push_back({fmt::format("no config.json: {} assumed", fmt::join(assumed, ", "))});
}

}  // namespace

const char* to_string(Kind kind) {
  switch (kind) {
    case Kind::bert:
      return "BERT";
    case Kind::roberta:
      return "RoBERTa";
    case Kind::distilbert:
      return "DistilBERT";
  }
  throw InternalError("bert", "a network without a name: {}", static_cast<int>(kind));
}

Settings settings_of(const io::ModelFolder& folder, const CheckpointReader& reader, const Found& found,
                     const Told& told) {
  Settings settings;
  settings.kind = kind_by_tensors(reader, found);
  if (folder.config) {
    read_config(*folder.config, reader, found, settings);
  } else {
    assume(reader, told, settings);
  }
  settings.reading = with_told(settings.reading, told, told.heads, folder.config ? folder.config->file() : "");
  const auto width = sizes_of(reader, kWords, 2)[1], heads = settings.reading.heads;
  if (heads < 1 || width % heads != 0)
    throw ModelError("bert", "{}: {} heads do not divide a width of {}.", folder.path.string(), heads, width);
  return settings;
}

}  // namespace graft::models::bert
