#include <torch/types.h>

#include <filesystem>
#include <optional>

#include "graft/core/error.h"
#include "graft/models/decoder/decoder.h"
#include "graft/models/decoder/decoder_reader.h"
#include "graft/models/decoder/foreign_layouts.h"
#include "graft/models/model.h"
#include "graft/text/tokenizer.h"

namespace graft::models::decoder {
namespace {

bool is_of_gguf(const io::Weights& weights) {
  return weights.metadata().contains("general.architecture");
}
bool is_of_llama2c(const io::Weights& weights) {
  return weights.metadata().contains("llama2.c");
}

bool recognises(const io::ModelFolder& folder, const io::Weights& weights) {
  const auto& tensors = weights.tensors();
  if (is_of_gguf(weights) || is_of_llama2c(weights)) return true;
  return folder.config && is_decoder(*folder.config) &&
         (tensors.contains("model.embed_tokens.weight") || tensors.contains("embed_tokens.weight"));
}

ForeignModel read_any(const io::ModelFolder& folder, const io::Weights& weights) {
  if (is_of_gguf(weights)) return of_gguf(io::GgufFile::open(folder.weights));
  if (is_of_llama2c(weights)) return of_llama2c(weights);
  return {settings_of(*folder.config), stored_in(weights)};
}

// Where the tokeniser lies: in the GGUF, beside llama2.c's model (tok512.bin for 512 tokens, or tokenizer.bin), else in
// the folder.
std::filesystem::path tokenizer_path(const io::ModelFolder& folder, const io::Weights& weights, int64_t vocabulary) {
  if (is_of_gguf(weights)) return folder.weights;
  if (!is_of_llama2c(weights)) return folder.inside;
  for (const auto& name : {fmt::format("tok{}.bin", vocabulary), std::string("tokenizer.bin")}) {
    const auto beside = folder.weights.parent_path() / name;
    if (std::filesystem::exists(beside)) return beside;
  }
  return {};
}

// Null where nothing beside the weights says whose ids these are.
std::shared_ptr<const text::Tokenizer> read_tokenizer(const std::filesystem::path& path, Settings& settings) {
  if (path.empty() || !text::has_tokenizer(path)) {
    settings.notes.push_back(
        {.text = "no tokenizer beside the weights: texts cannot be read, only ids", .numbers = false});
    return nullptr;
  }
  auto tokenizer = text::read_tokenizer(path);
  if (tokenizer->vocabulary_size() > settings.vocabulary) {
    throw ModelError("decoder", "{}: the tokenizer has {} tokens, the model {} words. Is it of this model?",
                     path.string(), tokenizer->vocabulary_size(), settings.vocabulary);
  }
  return tokenizer;
}

std::unique_ptr<Model> load(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options) {
  auto [settings, tensors] = read_any(folder, weights);
  auto tokenizer = read_tokenizer(tokenizer_path(folder, weights, settings.vocabulary), settings);
  DecoderReader reader(std::move(tensors), settings, options.precision, weights.name());
  auto parts = reader.read();
  parts.tokenizer = std::move(tokenizer);
  parts.origins = reader.origins();
  ModelInfo info;
  info.source = folder.path.string();
  info.family = "decoder";
  info.layout = is_of_gguf(weights) ? "gguf" : is_of_llama2c(weights) ? "llama2.c" : "hf";
  info.own_size = info.preprocessing.output();
  info.text = TowerReading{.heads = settings.heads, .activation = settings.activation, .eps = settings.eps};
  info.pooling = "lasttoken";
  info.notes = settings.notes;
  info.description =
      fmt::format("{} {}x{}, {} tokens", family_of(settings), settings.depth, settings.width, settings.vocabulary);
  auto tower = std::make_shared<Decoder>(std::move(parts));
  return std::make_unique<Model>(std::vector<std::shared_ptr<Tower>>{std::move(tower)}, std::move(info),
                                 options.precision, reader.origins());
}

}  // namespace

extern const Family family = {"decoder", "language models: Llama, Mistral, Qwen, SmolLM, Gemma", "hf", recognises,
                              load};

}  // namespace graft::models::decoder
