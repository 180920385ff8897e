#include "graft/text/gguf_vocabulary.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "graft/core/error.h"
#include "graft/text/characters.h"
#include "graft/text/frame_reader.h"
#include "graft/text/merged_pieces.h"
#include "graft/text/pre_tokenizer.h"
#include "graft/text/sentence_pieces.h"
#include "graft/text/split_patterns.h"
#include "graft/text/utf8.h"

namespace graft::text {
namespace {

enum class Words { kGpt2, kDigitsThenGpt2, kLlama3, kQwen };
struct KnownPre {
  std::string_view name;
  Words words;
  bool whole_words_first = false, adds_bos = false, composes = false;  // normal form C
};
// By the names that llama.cpp's converter writes.
constexpr KnownPre kKnownPres[] = {
    {"gpt-2", Words::kGpt2},
    {"mpt", Words::kGpt2},
    {"olmo", Words::kGpt2},
    {"smollm", Words::kDigitsThenGpt2},
    {"starcoder", Words::kDigitsThenGpt2},
    {"refact", Words::kDigitsThenGpt2},
    {"command-r", Words::kDigitsThenGpt2},
    {"codeshell", Words::kDigitsThenGpt2},
    {"llama3", Words::kLlama3, true, true},
    {"llama-v3", Words::kLlama3, true, true},
    {"llama-bpe", Words::kLlama3, true, true},
    {"dbrx", Words::kLlama3},
    {"smaug-bpe", Words::kLlama3},
    {"qwen2", Words::kQwen, false, false, true},
    {"stablelm2", Words::kQwen},
};

std::vector<PieceStep> steps_of(Words words) {
  const auto split = [](std::string_view expression) {
    return split_step(find_pattern(expression), Matched::kIsolated);
  };
  std::vector<PieceStep> steps;
  switch (words) {
    case Words::kDigitsThenGpt2:
      steps.push_back(digits_step());
      [[fallthrough]];
    case Words::kGpt2:
      steps.push_back(split(kGpt2Words));
      break;
    case Words::kLlama3:
      steps.push_back(split(kLlama3Words));
      break;
    case Words::kQwen:
      steps.push_back(split(kQwenWords));
      break;
  }
  steps.push_back(byte_letters_step());
  return steps;
}

const KnownPre& find_pre(const std::string& name, const std::string& file) {
  for (const auto& known : kKnownPres) {
    if (known.name == name) return known;
  }
  std::vector<std::string_view> names;
  for (const auto& known : kKnownPres)
    names.push_back(known.name);
  if (name.empty()) {
    throw ModelError("tokenizer",
                     "{}: tokenizer.ggml.pre is absent: how a text falls into words is not known. Convert the model "
                     "anew with a llama.cpp of 2024 or later.",
                     file);
  }
  throw ModelError("tokenizer", "{}: tokenizer.ggml.pre is '{}', which is not known here: expected one of {}.", file,
                   name, fmt::join(names, ", "));
}

std::optional<int32_t> checked(std::optional<int64_t> id, size_t count, std::string_view key, const std::string& file) {
  if (id && (*id < 0 || static_cast<uint64_t>(*id) >= count)) {
    throw ModelError("tokenizer", "{}: tokenizer.ggml.{}_token_id is {}: expected 0 to {}.", file, key, *id, count - 1);
  }
  if (!id) return std::nullopt;
  return static_cast<int32_t>(*id);
}

struct Ids {
  std::optional<int32_t> bos, eos, eot, unknown, padding;
};

Ids ids_of(const GgufVocabulary& v, const std::string& file) {
  const auto id = [&](std::optional<int64_t> value, std::string_view key) {
    return checked(value, v.tokens.size(), key, file);
  };
  return {id(v.bos, "bos"), id(v.eos, "eos"), id(v.eot, "eot"), id(v.unknown, "unknown"), id(v.padding, "padding")};
}

std::vector<PieceKind> kinds_of(const GgufVocabulary& v, const std::string& file) {
  if (v.tokens.empty()) throw ModelError("tokenizer", "{}: tokenizer.ggml.tokens is empty or absent.", file);
  if (!v.types.empty() && v.types.size() != v.tokens.size()) {
    throw ModelError("tokenizer", "{}: tokenizer.ggml.token_type has {} entries, expected {}, one a token.", file,
                     v.types.size(), v.tokens.size());
  }
  std::vector<PieceKind> kinds(v.tokens.size(), PieceKind::kNormal);
  for (size_t id = 0; id < v.types.size(); ++id) {
    if (v.types[id] < 1 || v.types[id] > static_cast<int32_t>(PieceKind::kByte)) {
      throw ModelError("tokenizer", "{}: the token '{}' is of the type {}: expected 1 to 6.", file, v.tokens[id],
                       v.types[id]);
    }
    kinds[id] = static_cast<PieceKind>(v.types[id]);
  }
  return kinds;
}

Pipeline pieces_pipeline(GgufVocabulary& v, const std::string& file) {
  const bool pairs = v.model == "llama";
  const auto last = static_cast<int64_t>(v.tokens.size()) - 1;
  const auto usual = [&](std::optional<int64_t>& id, int64_t llama, int64_t t5) {
    if (!id && (pairs ? llama : t5) <= last) id = pairs ? llama : t5;
  };
  SentencePieces model;
  model.kinds = kinds_of(v, file);
  usual(v.eos, 2, 1);
  usual(v.unknown, 0, 2);
  if (pairs) usual(v.bos, 1, 1);
  const Ids ids = ids_of(v, file);
  model.model = pairs ? SentencePieces::Model::kBytePairs : SentencePieces::Model::kUnigram;
  model.scores = std::move(v.scores);
  model.byte_fallback = std::find(model.kinds.begin(), model.kinds.end(), PieceKind::kByte) != model.kinds.end();
  model.prefix_blank = v.prefix_blank.value_or(true);
  model.collapse_blanks = v.collapse_blanks.value_or(!pairs);
  model.character_map = std::move(v.character_map);
  model.unknown = ids.unknown;
  model.bos = ids.bos;
  model.eos = ids.eos;
  model.pad = ids.padding;
  model.adds_bos = v.adds_bos.value_or(pairs);
  model.adds_eos = v.adds_eos.value_or(!pairs);
  for (size_t id = 0; id < v.tokens.size(); ++id) {  // the converter wrote blanks for the marks of these
    if (model.kinds[id] != PieceKind::kUserDefined) continue;
    std::u32string text = decode_utf8(v.tokens[id]);
    std::replace(text.begin(), text.end(), U' ', U'\u2581');
    v.tokens[id] = encode_utf8(text);
  }
  model.pieces = std::move(v.tokens);
  Pipeline parts = pipeline_of(std::move(model), file);
  if (ids.eot) parts.special["eot_token"] = *ids.eot;
  return parts;
}

std::vector<MergedPieces::Merge> merges_of(const GgufVocabulary& v, const std::string& file) {
  if (v.merges.empty()) throw ModelError("tokenizer", "{}: tokenizer.ggml.merges is empty or absent.", file);
  std::vector<MergedPieces::Merge> merges;
  std::set<std::string_view> seen;
  for (size_t i = 0; i < v.merges.size(); ++i) {
    const std::string& line = v.merges[i];
    const size_t blank = line.find(' ', 1);
    if (blank == std::string::npos) {
      throw ModelError("tokenizer", "{}: tokenizer.ggml.merges[{}] is '{}': expected two tokens.", file, i, line);
    }
    if (!seen.insert(line).second) continue;  // of a pair that comes twice the first counts
    merges.emplace_back(line.substr(0, blank), line.substr(blank + 1));
  }
  return merges;
}

Pipeline byte_pairs_pipeline(GgufVocabulary& v, const std::string& file) {
  const KnownPre& pre = find_pre(v.pre, file);
  const auto kinds = kinds_of(v, file);
  const Ids ids = ids_of(v, file);
  Pipeline parts;
  Vocabulary vocabulary;  // of what text may become
  for (size_t i = 0; i < v.tokens.size(); ++i) {
    const auto id = static_cast<int32_t>(i);
    const std::string& token = v.tokens[i];
    if (kinds[i] == PieceKind::kNormal || kinds[i] == PieceKind::kByte || kinds[i] == PieceKind::kUnused) {
      if (const auto before = vocabulary.find(token)) {
        throw ModelError("tokenizer", "{}: the tokens {} and {} are both '{}'.", file, *before, id, token);
      }
      vocabulary.add(token, id, file);
      continue;
    }
    AddedToken added;
    added.content = token;
    added.id = id;
    added.special = kinds[i] != PieceKind::kUserDefined;
    parts.added.push_back(std::move(added));
  }
  MergedPieces::Settings settings;
  settings.whole_words_first = pre.whole_words_first;
  parts.model = std::make_unique<MergedPieces>(std::move(vocabulary), merges_of(v, file), settings);
  if (pre.composes) {
    parts.normalizer = [](std::u32string text) { return characters::normalized(text, characters::NormalForm::kNfc); };
  }
  parts.words = steps_of(pre.words);
  parts.decoder = byte_level_decoder();
  const std::pair<const char*, std::optional<int32_t>> kNames[] = {{"unk_token", ids.unknown},
                                                                   {"bos_token", ids.bos},
                                                                   {"eos_token", ids.eos},
                                                                   {"eot_token", ids.eot},
                                                                   {"pad_token", ids.padding}};
  for (const auto& [name, id] : kNames) {
    if (id) parts.special[name] = *id;
  }
  parts.pad = ids.padding.value_or(ids.eos.value_or(0));
  parts.frame = framed(v.adds_bos.value_or(pre.adds_bos) ? ids.bos : std::nullopt,
                       v.adds_eos.value_or(false) ? ids.eos : std::nullopt);
  return parts;
}

}  // namespace

GgufVocabulary read_gguf_vocabulary(const io::GgufMetadata& metadata) {
  const auto key = [](std::string_view name) { return fmt::format("tokenizer.ggml.{}", name); };
  const auto text = [&](std::string_view name) { return std::string(metadata.text(key(name)).value_or("")); };
  const auto texts = [&](std::string_view name) {
    const auto views = metadata.texts(key(name));
    return std::vector<std::string>(views.begin(), views.end());
  };
  const auto id = [&](std::string_view name) { return metadata.integer(key(fmt::format("{}_token_id", name))); };
  GgufVocabulary v;
  v.model = text("model");
  if (v.model == "none" || v.model == "no_vocab") v.model.clear();
  if (v.model.empty()) return v;
  v.pre = text("pre");
  v.tokens = texts("tokens");
  v.merges = texts("merges");
  for (const double score : metadata.numbers(key("scores")))
    v.scores.push_back(static_cast<float>(score));
  for (const int64_t type : metadata.integers(key("token_type")))
    v.types.push_back(static_cast<int32_t>(std::clamp<int64_t>(type, -1, INT32_MAX)));
  for (const int64_t byte : metadata.integers(key("precompiled_charsmap")))
    v.character_map += static_cast<char>(byte);
  v.bos = id("bos");
  v.eos = id("eos");
  v.eot = id("eot");
  v.unknown = id("unknown");
  v.padding = id("padding");
  v.adds_bos = metadata.flag(key("add_bos_token"));
  v.adds_eos = metadata.flag(key("add_eos_token"));
  v.prefix_blank = metadata.flag(key("add_space_prefix"));
  v.collapse_blanks = metadata.flag(key("remove_extra_whitespaces"));
  return v;
}

Pipeline pipeline_of(GgufVocabulary v, const std::string& file) {
  if (v.model == "llama" || v.model == "t5") return pieces_pipeline(v, file);
  if (v.model == "gpt2") return byte_pairs_pipeline(v, file);
  throw ModelError("tokenizer",
                   "{}: tokenizer.ggml.model is '{}', which is not known here: expected llama, gpt2 or t5.", file,
                   v.model);
}

}  // namespace graft::text
