#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <string>
#include <vector>

#include "graft/core/error.h"
#include "graft/models/bert/bert_names.h"
#include "graft/models/bert/bert_settings.h"
#include "graft/models/bert/sentence_folder.h"
#include "graft/models/bert/text_encoder.h"
#include "graft/models/model.h"
#include "graft/text/tokenizer.h"

namespace graft::models::bert {
namespace {

constexpr const char* kPooler = "pooler.dense";
constexpr const char* kTypeTable = "embeddings.token_type_embeddings.weight";

class BertReader {
 public:
  BertReader(const io::ModelFolder& folder, const io::Weights& weights, const Found& found, const LoadOptions& options)
      : folder_(folder),
        weights_(weights),
        found_(found),
        options_(options),
        reader_(weights, found.prefix),
        settings_(settings_of(folder, reader_, found, options.told)),
        sentences_(read_sentence_folder(folder)) {}

  std::unique_ptr<Model> read() {
    const auto words = sizes_of(reader_, "embeddings.word_embeddings.weight", 2);
    const auto places = sizes_of(reader_, "embeddings.position_embeddings.weight", 2);
    width_ = words[1];
    EncoderParts parts;
    parts.embedding = reader_.take_table("text.embedding", "embeddings.word_embeddings.weight", words);
    parts.positions = reader_.take("text.positions", "embeddings.position_embeddings.weight", {places[0], width_});
    if (settings_.kind != Kind::distilbert)
      parts.types = reader_.take("text.types", kTypeTable, {sizes_of(reader_, kTypeTable, 2)[0], width_});
    const auto plan = blocks_plan();
    parts.norm_pre = read_norm(reader_, "text.norm_pre", "embeddings.LayerNorm", width_, plan.eps, plan.precision);
    parts.blocks = read_blocks(reader_, plan);
    parts.pooling = pooling();
    if (uses_pooler(parts.pooling)) parts.pooler = read_pooler(1 + parts.blocks->size());
    parts.padding = settings_.padding;
    parts.tokenizer = read_tokenizer(words[0]);
    parts.context_length = context_length(places[0], parts.tokenizer.get());
    return finish(std::move(parts));
  }

 private:
  BlocksPlan blocks_plan() const {
    BlocksPlan plan;
    plan.tower = nn::Tower::text;
    plan.theirs = found_.names->blocks;
    plan.names = found_.names->block;
    plan.width = width_;
    plan.heads = settings_.reading.heads;
    plan.depth = settings_.depth;
    plan.eps = settings_.reading.eps;
    plan.activation = settings_.reading.activation;
    plan.norm_first = false;
    plan.precision = options_.precision;
    plan.tokens = false;
    return plan;
  }

  static bool uses_pooler(const std::vector<TextPooling>& pooling) {
    return std::find(pooling.begin(), pooling.end(), TextPooling::pooler) != pooling.end();
  }

  bool has_pooler() const { return reader_.has(std::string(kPooler) + ".weight"); }

  std::vector<TextPooling> pooling() const {
    const auto& told = options_.told.pooling;
    if (!sentences_.pooling_file.empty()) {
      if (told && sentences_.pooling != std::vector{*told}) {
        throw ConfigError("model", "--pooling {}: {} says {}. Leave the option out, or correct the file.",
                          to_string(*told), sentences_.pooling_file, pooling_words(sentences_.pooling));
      }
      return sentences_.pooling;
    }
    if (told == TextPooling::pooler && !has_pooler()) {
      throw ModelError("bert", "--pooling pooler: {} has no '{}'. Take cls or mean.", weights_.name(),
                       reader_.full(kPooler));
    }
    return {told.value_or(has_pooler() ? TextPooling::pooler : TextPooling::cls)};
  }

  static std::string pooling_words(const std::vector<TextPooling>& pooling) {
    std::vector<std::string> names;
    for (const auto each : pooling)
      names.push_back(to_string(each));
    return fmt::format("{}", fmt::join(names, "+"));
  }

  std::shared_ptr<nn::Linear> read_pooler(nn::Place place) {
    nn::Site site;
    site.path = "text.pooler";
    site.tower = nn::Tower::text;
    site.in = site.out = width_;
    site.place = place;
    site.checkpoint = reader_.full(kPooler);
    const std::string theirs = kPooler;
    const auto weight = reader_.take_matrix("text.pooler.weight", {theirs + ".weight"}, {width_, width_});
    const auto bias = reader_.take("text.pooler.bias", theirs + ".bias", {width_});
    return std::make_shared<nn::Linear>(std::move(site), weight, bias, options_.precision);
  }

  // Null where nothing beside the weights says whose ids these are.
  std::shared_ptr<const text::Tokenizer> read_tokenizer(int64_t words) {
    if (folder_.inside.empty() || !text::has_tokenizer(folder_.inside)) {
      settings_.notes.push_back(
          {.text = "no tokenizer beside the weights: texts cannot be read, only ids", .numbers = false});
      return nullptr;
    }
    auto tokenizer = text::read_tokenizer(folder_.inside);
    if (tokenizer->vocabulary_size() > words) {
      throw ModelError("bert", "{}: the tokenizer has {} tokens, the model {} words. Is it of this model?",
                       folder_.inside.string(), tokenizer->vocabulary_size(), words);
    }
    if (!sentences_.lower_case.empty() && tokenizer->encode("A") != tokenizer->encode("a")) {
      throw ModelError("bert",
                       "{}: do_lower_case, but the tokenizer keeps capitals. Give it a normalizer that lowers them.",
                       sentences_.lower_case);
    }
    return tokenizer;
  }

  // What the files say of the longest text, within the positions that there are.
  int64_t context_length(int64_t positions, const text::Tokenizer* tokenizer) const {
    const auto most = positions - (settings_.padding ? *settings_.padding + 1 : 0);
    auto said = sentences_.max_length;
    if (!said && tokenizer) said = tokenizer->max_length();
    return std::min(most, said.value_or(most));
  }

  // Heads and what else lies beside the network; a pooler that is not asked.
  void leave_aside() {
    for (const auto& [name, view] : weights_.tensors())
      if (!name.starts_with(found_.prefix)) reader_.ignore({name});
    if (found_.prefix.empty()) {
      reader_.ignore({"classifier.*", "pre_classifier.*", "cls.*", "lm_head.*", "qa_outputs.*", "vocab_transform.*",
                      "vocab_layer_norm.*", "vocab_projector.*"});
    }
    reader_.ignore({reader_.full("pooler.*")});
  }

  // Buffers that hold no weights: counts from 0, and the default types.
  void leave_buffers() {
    reader_.ignore({reader_.full("embeddings.position_ids"), reader_.full("embeddings.token_type_ids")});
  }

  std::unique_ptr<Model> finish(EncoderParts parts) {
    leave_buffers();
    const auto buffers = reader_.ignored().size();
    leave_aside();
    ModelInfo info;
    info.source = folder_.path.string();
    info.family = "bert";
    info.layout = "hf";
    info.own_size = info.preprocessing.output();
    info.text = settings_.reading;
    info.pooling = pooling_words(parts.pooling);
    info.notes = settings_.notes;
    info.notes.insert(info.notes.end(), sentences_.notes.begin(), sentences_.notes.end());
    if (const auto& names = reader_.ignored(); names.size() > buffers) {
      const std::vector<std::string> aside(names.begin() + static_cast<std::ptrdiff_t>(buffers), names.end());
      const auto shown = std::min<size_t>(aside.size(), 3);
      info.notes.push_back(
          {.text = fmt::format("left aside: {}{}", fmt::join(aside.begin(), aside.begin() + shown, ", "),
                               aside.size() > shown ? fmt::format(" and {} more", aside.size() - shown) : ""),
           .numbers = false});
    }
    info.description =
        fmt::format("{} {}x{}, {}", to_string(settings_.kind), parts.blocks->size(), width_, described(parts.pooling));
    auto origins = reader_.finish(fmt::format("{} (hf)", to_string(settings_.kind)));
    auto tower = std::make_shared<TextEncoder>(std::move(parts));
    return std::make_unique<Model>(std::vector<std::shared_ptr<Tower>>{std::move(tower)}, std::move(info),
                                   options_.precision, std::move(origins));
  }

  static std::string described(const std::vector<TextPooling>& pooling) {
    if (pooling == std::vector{TextPooling::mean}) return "mean of tokens";
    if (pooling == std::vector{TextPooling::cls}) return "class token";
    return pooling_words(pooling);
  }

  const io::ModelFolder& folder_;
  const io::Weights& weights_;
  const Found& found_;
  const LoadOptions& options_;
  CheckpointReader reader_;
  Settings settings_;
  SentenceFolder sentences_;
  int64_t width_ = 0;
};

bool recognises(const io::ModelFolder&, const io::Weights& weights) {
  return !find_names(weights).empty();
}

std::unique_ptr<Model> load(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options) {
  const auto found = find_names(weights);
  if (found.empty()) throw ModelError("bert", "{} has none of the names that a BERT goes by.", weights.name());
  if (found.size() > 1) {
    throw ModelError("bert", "{} holds several models: '{}', '{}'. Save the one that is meant on its own.",
                     weights.name(), found[0].prefix, found[1].prefix);
  }
  return BertReader(folder, weights, found.front(), options).read();
}

}  // namespace

extern const Family family = {"bert", "texts: BERT, RoBERTa, DistilBERT, sentence-transformers on top of them", "hf",
                              recognises, load};

}  // namespace graft::models::bert
