#include "graft/models/clip/clip_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/io/mapped_file.h"

namespace graft::models::clip {
namespace {

namespace fs = std::filesystem;
using io::JsonObject;
using nlohmann::json;

constexpr size_t kMostMerges = 49152 - 256 - 2;  // that transformers and open_clip read
constexpr const char* kMarkers[] = {"<|startoftext|>", "<|endoftext|>"};

std::string other_tokenizer(const std::string& whose) {
  return fmt::format("its texts are read by {}, which graft does not have", whose);
}

std::string read_text(const fs::path& path) {
  const auto file = io::MappedFile::open(path);
  return std::string(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
}

// A token that somebody added is cut out of a text before its bytes are joined.
std::string added_token(const json& tokens) {
  for (const auto& token : tokens) {
    const auto content = token.is_object() ? token.value("content", json()) : json();
    if (!content.is_string()) continue;
    if (std::none_of(std::begin(kMarkers), std::end(kMarkers), [&](const auto* m) { return content == m; }))
      return content.get<std::string>();
  }
  return {};
}

// Of a tokenizer.json: its vocabulary and merges where the rest is what CLIP's does.
struct TokenizerJson {
  std::string merges = {}, vocabulary = {}, refused = {};
};

TokenizerJson read_tokenizer_json(const JsonObject& file) {
  const auto model = file.object("model");
  const auto type = model.get<std::string>("type", "BPE");
  if (type != "BPE")
    return {.refused = other_tokenizer(fmt::format("a tokenizer of the kind {} (tokenizer.json)", type))};
  const auto cuts = file.raw("pre_tokenizer").dump(-1, ' ', false, json::error_handler_t::replace);
  const auto cleans = file.raw("normalizer").dump(-1, ' ', false, json::error_handler_t::replace);
  if (model.get<std::string>("end_of_word_suffix", "") != "</w>" ||
      !model.get<std::string>("continuing_subword_prefix", "").empty() ||
      cuts.find(R"('ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+)") == cuts.npos ||
      cleans.find("Lowercase") == cleans.npos) {
    return {.refused = other_tokenizer("byte pairs of another kind than CLIP's (tokenizer.json)")};
  }
  if (const auto added = added_token(file.raw("added_tokens")); !added.empty())
    return {.refused = fmt::format("its tokenizer has a token of its own, '{}'", added)};
  TokenizerJson result{.merges = "#version\n", .vocabulary = model.raw("vocab").dump(), .refused = {}};
  const auto& merges = model.raw("merges");
  if (!merges.is_array() || merges.size() > kMostMerges)
    return {.refused = fmt::format("its tokenizer.json has no merges, or more than {}", kMostMerges)};
  for (const auto& merge : merges) {
    if (merge.is_string()) {
      result.merges += merge.get<std::string>() + "\n";
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      result.merges += merge[0].get<std::string>() + " " + merge[1].get<std::string>() + "\n";
    } else {
      return {.refused = "its tokenizer.json is damaged: a merge is no pair of tokens"};
    }
  }
  return result;
}

Texts tokenizer_of(std::string merges, std::string vocabulary) {
  try {
    auto tokenizer = std::make_shared<const text::ClipTokenizer>(merges, vocabulary);
    if (*tokenizer == text::ClipTokenizer::shared()) return {};
    return {std::move(tokenizer), {}};
  } catch (const ModelError& error) {
    return {nullptr, fmt::format("its tokenizer cannot be used ({})", error.what())};
  }
}

// What the folder holds; nullopt: nothing about a tokenizer.
std::optional<Texts> texts_beside(const fs::path& folder) {
  const auto refused = [](std::string why) { return Texts{nullptr, std::move(why)}; };
  const auto config = JsonObject::read(folder / "tokenizer_config.json");
  if (config) {
    auto kind = config->get<std::string>("tokenizer_class", "CLIPTokenizer");
    if (kind.ends_with("Fast")) kind.erase(kind.size() - 4);
    const bool open = kind == "PreTrainedTokenizer" || kind == "TokenizersBackend";  // tokenizer.json says the rest
    if (kind != "CLIPTokenizer" && !open) return refused(other_tokenizer(kind));
    if (!config->get("do_lower_case", true)) return refused("its tokenizer keeps capitals, graft's does not");
    if (const auto added = added_token(config->raw("added_tokens_decoder")); !added.empty())
      return refused(fmt::format("its tokenizer has a token of its own, '{}'", added));
  }
  std::error_code ignored;
  if (const auto file = JsonObject::read(folder / "tokenizer.json")) {
    auto parts = read_tokenizer_json(*file);
    if (!parts.refused.empty()) return refused(std::move(parts.refused));
    return tokenizer_of(std::move(parts.merges), std::move(parts.vocabulary));
  }
  if (fs::exists(folder / "vocab.json", ignored) && fs::exists(folder / "merges.txt", ignored))
    return tokenizer_of(read_text(folder / "merges.txt"), read_text(folder / "vocab.json"));
  for (const auto* name : {"sentencepiece.bpe.model", "spiece.model", "tokenizer.model", "vocab.txt"})
    if (fs::exists(folder / name, ignored)) return refused(other_tokenizer(fmt::format("the tokenizer of {}", name)));
  return config ? std::optional<Texts>(Texts{}) : std::nullopt;
}

// open_clip's own tokenizer unless the config names one of Hugging Face's, which then lies in the folder.
Texts texts_of_open_clip(const JsonObject& config, const fs::path& folder, bool& named) {
  const auto text = (config.has("model_cfg") ? config.object("model_cfg") : config).object("text_cfg");
  const auto name = text.get<std::string>("hf_tokenizer_name", "");
  const auto& mode = text.raw("tokenizer_mode");
  if (!mode.is_null() && mode != "") return {nullptr, fmt::format("its texts are cut in the mode {}", io::brief(mode))};
  const auto keywords = text.object("tokenizer_kwargs");
  for (const auto& [key, value] : keywords.value().items()) {
    const bool usual = value.is_null() || value == false ||
                       (key == "clean" && (value == "lower" || (!name.empty() && value == "whitespace")));
    if (!usual) return {nullptr, fmt::format("its texts are cleaned in another way ({} = {})", key, io::brief(value))};
  }
  if (name.empty()) return {};
  named = true;
  if (auto beside = texts_beside(folder)) return std::move(*beside);
  if (name.starts_with("openai/clip-vit-")) return {};
  return {nullptr, other_tokenizer(fmt::format("the tokenizer of {}", name))};
}

}  // namespace

Texts texts_of(const io::ModelFolder& folder, bool open_clip, int64_t words) {
  std::error_code ignored;
  const bool whole = fs::is_directory(folder.path, ignored);
  bool named = false;  // whether anything says whose ids these are
  Texts texts;
  if (open_clip) {
    if (folder.open_clip_config) texts = texts_of_open_clip(*folder.open_clip_config, folder.path, named);
  } else if (whole) {
    if (auto beside = texts_beside(folder.path)) {
      named = true;
      texts = std::move(*beside);
    }
  }
  if (!texts.refused.empty()) return texts;
  const auto& tokenizer = texts.tokenizer ? *texts.tokenizer : text::ClipTokenizer::shared();
  const int64_t size = tokenizer.vocabulary_size();
  if (words < size || (words > size && !named)) {
    return {nullptr, fmt::format("it has {} words and CLIP's vocabulary {}, so its texts are read by another tokenizer",
                                 words, size)};
  }
  return texts;
}

}  // namespace graft::models::clip
