#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>

#include "graft/core/error.h"
#include "graft/io/gguf.h"
#include "graft/io/json_object.h"
#include "graft/io/mapped_file.h"
#include "graft/text/clip_tokenizer.h"
#include "graft/text/gguf_vocabulary.h"
#include "graft/text/pipeline_tokenizer.h"
#include "graft/text/sentence_piece_folder.h"
#include "graft/text/tokenizer.h"
#include "graft/text/tokenizer_json.h"

namespace graft::text {
namespace {

namespace fs = std::filesystem;
using io::JsonObject;
using nlohmann::json;

constexpr std::string_view kSaveAgain =
    "Save it once with transformers (AutoTokenizer.from_pretrained(...).save_pretrained(...)), which writes a "
    "tokenizer.json.";
constexpr const char* kBertKind[] = {"BertTokenizer",           "BertTokenizerFast",      "DistilBertTokenizer",
                                     "DistilBertTokenizerFast", "ElectraTokenizer",       "ElectraTokenizerFast",
                                     "MobileBertTokenizer",     "MobileBertTokenizerFast"};
constexpr const char* kRobertaKind[] = {"RobertaTokenizer", "RobertaTokenizerFast"};
constexpr const char* kGpt2Kind[] = {"GPT2Tokenizer", "GPT2TokenizerFast"};
constexpr const char* kClipKind[] = {"CLIPTokenizer", "CLIPTokenizerFast"};

template <size_t kCount>
bool is_one_of(const std::string& name, const char* const (&names)[kCount]) {
  return std::any_of(std::begin(names), std::end(names), [&](const char* each) { return name == each; });
}

constexpr const char* kVocabularies[] = {
    "vocab.txt", "vocab.json", "merges.txt", "spiece.model", "spm.model", "tokenizer.model", "sentencepiece.bpe.model"};
constexpr const char* kSentencePieces[] = {"tokenizer.model", "spiece.model", "spm.model"};

bool there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string whole_file(const fs::path& path) {
  const auto file = io::MappedFile::open(path);
  return {reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()};
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::vector<std::string> lines;
  const std::string text = whole_file(path);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
    begin = end + 1;
  }
  return lines;
}

bool is_gguf_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && io::is_gguf(io::MappedFile::open(path)->bytes());
}

// The spelling of a special token, as the configuration says it or else as the family's first model has it.
std::string special_or(const JsonObject& config, const char* name, const char* usual) {
  const auto& value = config.raw(name);
  if (value.is_object() && value.contains("content") && value["content"].is_string()) {
    return value["content"].get<std::string>();
  }
  return value.is_string() ? value.get<std::string>() : std::string(usual);
}

// `strips_left`: takes the blanks before it, unless the configuration says otherwise.
json special_token(const JsonObject& config, const char* name, const std::string& content, const json& vocabulary,
                   bool strips_left = false) {
  const auto& value = config.raw(name);
  const bool lstrip = value.is_object() && value.contains("lstrip") && value["lstrip"].is_boolean()
                          ? value["lstrip"].get<bool>()
                          : strips_left;
  return {{"id", vocabulary.value(content, -1)},
          {"content", content},
          {"special", true},
          {"single_word", false},
          {"lstrip", lstrip},
          {"rstrip", false},
          {"normalized", false}};
}

int64_t id_of(const json& vocabulary, const std::string& token, const std::string& file) {
  const auto found = vocabulary.find(token);
  if (found == vocabulary.end() || !found->is_number_integer()) {
    throw ModelError("tokenizer", "{} lacks the special token '{}'. Is it of this model?", file, token);
  }
  return found->get<int64_t>();
}

// What transformers makes of BERT's vocab.txt.
JsonObject json_of_vocab_txt(const fs::path& path, const JsonObject& config) {
  json vocabulary = json::object();
  int64_t id = 0;
  for (const auto& line : lines_of(path))
    vocabulary[line] = id++;
  json added = json::array();
  std::map<std::string, std::string> names;
  for (const auto& [name, usual] :
       {std::pair("pad_token", "[PAD]"), std::pair("unk_token", "[UNK]"), std::pair("cls_token", "[CLS]"),
        std::pair("sep_token", "[SEP]"), std::pair("mask_token", "[MASK]")}) {
    names[name] = special_or(config, name, usual);
    id_of(vocabulary, names[name], path.string());
    added.push_back(special_token(config, name, names[name], vocabulary));
  }
  const auto end = [&](const char* name) { return json{names[name], id_of(vocabulary, names[name], path.string())}; };
  json tokenizer = {
      {"added_tokens", std::move(added)},
      {"normalizer", {{"type", "BertNormalizer"}}},
      {"pre_tokenizer", {{"type", "BertPreTokenizer"}}},
      {"post_processor", {{"type", "BertProcessing"}, {"cls", end("cls_token")}, {"sep", end("sep_token")}}},
      {"decoder", {{"type", "WordPiece"}}},
      {"model", {{"type", "WordPiece"}, {"unk_token", names["unk_token"]}}}};
  tokenizer["model"]["vocab"] = std::move(vocabulary);
  return JsonObject(std::move(tokenizer), path.string());
}

// What transformers makes of GPT-2's vocab.json and merges.txt; RoBERTa puts <s> and </s> around the text.
JsonObject json_of_merges(const fs::path& folder, const JsonObject& config, bool roberta) {
  const auto vocabulary = JsonObject::read(folder / "vocab.json");
  const std::string file = vocabulary->file();
  json merges = json::array();
  for (const auto& line : lines_of(folder / "merges.txt")) {
    if (!line.empty() && !line.starts_with("#version")) merges.push_back(line);
  }
  json added = json::array();
  json frame = {{"type", "ByteLevel"}};
  if (roberta) {
    for (const auto& [name, usual] :
         {std::pair("bos_token", "<s>"), std::pair("pad_token", "<pad>"), std::pair("eos_token", "</s>"),
          std::pair("unk_token", "<unk>"), std::pair("mask_token", "<mask>")}) {
      const auto content = special_or(config, name, usual);
      id_of(vocabulary->value(), content, file);
      added.push_back(
          special_token(config, name, content, vocabulary->value(), std::string_view(name) == "mask_token"));
    }
    const auto end = [&](const char* name, const char* usual) {
      const auto content = special_or(config, name, usual);
      return json{content, id_of(vocabulary->value(), content, file)};
    };
    frame = {{"type", "RobertaProcessing"}, {"cls", end("cls_token", "<s>")}, {"sep", end("sep_token", "</s>")}};
  } else {
    const auto content = special_or(config, "eos_token", "<|endoftext|>");
    id_of(vocabulary->value(), content, file);
    added.push_back(special_token(config, "eos_token", content, vocabulary->value()));
  }
  return JsonObject({{"added_tokens", std::move(added)},
                     {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
                     {"post_processor", std::move(frame)},
                     {"decoder", {{"type", "ByteLevel"}}},
                     {"model", {{"type", "BPE"}, {"vocab", vocabulary->value()}, {"merges", std::move(merges)}}}},
                    file);
}

// transformers lets what tokenizer_config.json says outright stand over the same setting of tokenizer.json.
JsonObject with_config_settings(const JsonObject& tokenizer, const JsonObject& config) {
  json changed = tokenizer.value();
  const auto take = [&](const char* part, const char* type, const char* from, const char* to) {
    if (!config.value().contains(from)) return;
    const auto found = changed.find(part);
    if (found == changed.end() || !found->is_object() || found->value("type", json()) != type) return;
    (*found)[to] = config.raw(from);
  };
  const auto name = config.get("tokenizer_class", std::string());
  if (name != "PreTrainedTokenizerFast" && name != "TokenizersBackend") {
    take("normalizer", "BertNormalizer", "do_lower_case", "lowercase");
    take("normalizer", "BertNormalizer", "strip_accents", "strip_accents");
    take("normalizer", "BertNormalizer", "tokenize_chinese_chars", "handle_chinese_chars");
  }
  take("pre_tokenizer", "ByteLevel", "add_prefix_space", "add_prefix_space");
  return JsonObject(std::move(changed), tokenizer.file());
}

}  // namespace

bool has_tokenizer(const fs::path& folder) {
  if (is_gguf_file(folder)) return !read_gguf_vocabulary(io::GgufFile::open(folder).metadata()).model.empty();
  return there(folder / "tokenizer.json") || std::any_of(std::begin(kVocabularies), std::end(kVocabularies),
                                                         [&](const char* file) { return there(folder / file); });
}

std::shared_ptr<const Tokenizer> read_tokenizer(const fs::path& folder) {
  if (is_gguf_file(folder)) {
    const auto file = io::GgufFile::open(folder);
    return std::make_shared<PipelineTokenizer>(pipeline_of(read_gguf_vocabulary(file.metadata()), folder.string()));
  }
  const auto config = JsonObject::read(folder / "tokenizer_config.json")
                          .value_or(JsonObject(json::object(), (folder / "tokenizer_config.json").string()));
  const auto pipeline = [&](const JsonObject& tokenizer) {
    return std::make_shared<PipelineTokenizer>(read_pipeline(with_config_settings(tokenizer, config), config));
  };
  if (const auto tokenizer = JsonObject::read(folder / "tokenizer.json")) return pipeline(*tokenizer);

  auto name = config.get("tokenizer_class", std::string());
  if (name.empty()) {
    const auto model = JsonObject::read(folder / "config.json");
    const auto type = model ? model->get("model_type", std::string()) : std::string();
    name = type == "bert" || type == "distilbert" || type == "electra" ? "BertTokenizer"
           : type == "roberta"                                         ? "RobertaTokenizer"
           : type == "gpt2"                                            ? "GPT2Tokenizer"
           : type == "clip"                                            ? "CLIPTokenizer"
                                                                       : type;
  }
  if (there(folder / "vocab.txt") && (name.empty() || is_one_of(name, kBertKind))) {
    return pipeline(json_of_vocab_txt(folder / "vocab.txt", config));
  }
  if (there(folder / "vocab.json") && there(folder / "merges.txt")) {
    if (is_one_of(name, kClipKind)) {
      return std::make_shared<ClipTokenizer>(whole_file(folder / "merges.txt"), whole_file(folder / "vocab.json"));
    }
    const bool roberta = is_one_of(name, kRobertaKind);
    if (roberta || is_one_of(name, kGpt2Kind)) return pipeline(json_of_merges(folder, config, roberta));
  }
  for (const char* file : kSentencePieces) {
    if (!there(folder / file)) continue;
    return std::make_shared<PipelineTokenizer>(read_sentence_piece_pipeline(folder / file, config));
  }
  std::vector<std::string> found;
  for (const char* file : kVocabularies)
    if (there(folder / file)) found.emplace_back(file);
  throw ModelError("tokenizer", "{}: no tokeniser that is known here: no tokenizer.json, class '{}', files: {}. {}",
                   folder.string(), name, found.empty() ? "none" : fmt::format("{}", fmt::join(found, ", ")),
                   kSaveAgain);
}

}  // namespace graft::text
