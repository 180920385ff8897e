#include "graft/models/decoder/decoder_reader.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <numeric>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::decoder {
namespace {

constexpr size_t kMostNamed = 20;  // of what is wrong; the rest is counted

// A matrix that is multiplied as it lies; of plain floats it is packed.
bool stays(const StoredTensor& stored) {
  constexpr double kBytesOfHalf = 2;
  if (!stored.quantised) return false;
  const auto numbers = stored.quantised->rows * stored.quantised->columns;
  return static_cast<double>(stored.quantised->bytes()) < kBytesOfHalf * static_cast<double>(numbers);
}

int64_t sum_of(const std::vector<int64_t>& rows) {
  return std::accumulate(rows.begin(), rows.end(), int64_t{0});
}

}  // namespace

// A map of a block, perhaps of several of the checkpoint's, one under the other.
struct DecoderReader::Map {
  std::string ours;                 // "attn.qkv"
  std::vector<std::string> theirs;  // "self_attn.q_proj"
  std::vector<std::string> slices;  // "q"; empty: one map
  std::vector<int64_t> rows;
  int64_t columns;
  bool bias;
};

DecoderReader::DecoderReader(StoredTensors tensors, Settings settings, tensor::Precision precision, std::string file,
                             Maker make)
    : tensors_(std::move(tensors)),
      settings_(std::move(settings)),
      precision_(precision),
      file_(std::move(file)),
      make_(std::move(make)) {
  if (tensors_.contains("model.embed_tokens.weight")) prefix_ = "model.";
}

const StoredTensor* DecoderReader::find(const std::string& theirs, const std::vector<int64_t>& shape) {
  taken_.insert(theirs);
  auto found = tensors_.find(theirs);
  if (found == tensors_.end() && make_) found = tensors_.emplace(theirs, make_(theirs, shape)).first;
  if (found == tensors_.end()) {
    wrong_.push_back(fmt::format("{}: missing, expected [{}]", theirs, fmt::join(shape, ", ")));
  } else if (found->second.shape != shape) {
    wrong_.push_back(fmt::format("{}: expected [{}], got [{}]", found->second.name, fmt::join(shape, ", "),
                                 fmt::join(found->second.shape, ", ")));
  } else {
    return &found->second;
  }
  return nullptr;
}

at::Tensor DecoderReader::take(const std::string& ours, const std::string& theirs, int64_t count) {
  origins_.push_back({ours, theirs, {count}, 0, count, false});
  const auto* stored = find(theirs, {count});
  return stored ? stored->numbers().to(at::kFloat, /*non_blocking=*/false, /*copy=*/true)
                : at::zeros({count}, tensor::on_cpu());  // never seen: finish() throws
}

at::Tensor DecoderReader::take_biases(const std::string& ours, const std::vector<std::string>& theirs,
                                      const std::vector<int64_t>& rows) {
  std::vector<at::Tensor> parts;
  int64_t begin = 0;
  for (size_t i = 0; i < theirs.size(); ++i) {
    origins_.push_back({ours, theirs[i], {rows[i]}, begin, rows[i], false});
    const auto* stored = find(theirs[i], {rows[i]});
    parts.push_back(stored ? stored->numbers().to(at::kFloat) : at::zeros({rows[i]}, tensor::on_cpu()));
    begin += rows[i];
  }
  return at::cat(parts);
}

at::Tensor DecoderReader::take_matrix(const std::string& ours, const std::vector<std::string>& theirs,
                                      const std::vector<int64_t>& rows, int64_t columns) {
  std::vector<StoredTensor> found;
  int64_t begin = 0;
  for (size_t i = 0; i < theirs.size(); ++i) {
    origins_.push_back({ours, theirs[i], {rows[i], columns}, begin, rows[i], false});
    if (const auto* stored = find(theirs[i], {rows[i], columns})) found.push_back(*stored);
    begin += rows[i];
  }
  if (found.size() < theirs.size()) return at::zeros({begin, columns}, tensor::on_cpu());  // never seen
  const bool all_lie =
      std::all_of(found.begin(), found.end(), [](const auto& stored) { return stored.quantised != nullptr; });
  if (all_lie && std::any_of(found.begin(), found.end(), stays)) {
    std::vector<tensor::QuantisedWeight> parts;
    for (const auto& stored : found)
      parts.push_back(*stored.quantised);
    return tensor::resting(tensor::stacked(parts));
  }
  const bool rests = std::all_of(found.begin(), found.end(), [](const auto& stored) { return stored.rests; });
  const auto numbers = [found] {
    const torch::NoGradGuard no_grad;
    std::vector<at::Tensor> parts;
    for (const auto& stored : found)
      parts.push_back(stored.numbers().to(at::kFloat));
    return parts.size() == 1 ? parts.front() : at::cat(parts);
  };
  return rests ? tensor::resting({begin, columns}, numbers) : numbers().clone();
}

at::Tensor DecoderReader::take_table(const std::string& ours, const std::string& theirs, int64_t rows,
                                     int64_t columns) {
  origins_.push_back({ours, theirs, {rows, columns}, 0, rows, false});
  const auto* stored = find(theirs, {rows, columns});
  if (!stored) return at::zeros({rows, columns}, tensor::on_cpu());  // never seen
  if (stays(*stored)) return tensor::resting(*stored->quantised);
  if (!stored->rests) return stored->numbers().to(at::kFloat).clone();
  return tensor::resting({rows, columns}, stored->numbers, stored->some);
}

std::shared_ptr<nn::RmsNorm> DecoderReader::norm(const std::string& ours, const std::string& theirs, int64_t width) {
  return std::make_shared<nn::RmsNorm>(take(ours + ".weight", theirs + ".weight", width), settings_.norm_offset,
                                       settings_.eps, precision_);
}

std::shared_ptr<nn::Linear> DecoderReader::linear(const nn::Site& block, const Map& map) {
  auto site = block;
  const auto module = fmt::format("{}layers.{}.", prefix_, block.block);
  site.path = block.path + map.ours;
  site.part = map.ours;
  site.kind = nn::SiteKind::linear;
  site.in = map.columns;
  site.out = sum_of(map.rows);
  std::vector<std::string> weights, biases;
  int64_t begin = 0;
  for (size_t i = 0; i < map.theirs.size(); ++i) {
    const auto path = module + map.theirs[i];
    weights.push_back(path + ".weight");
    biases.push_back(path + ".bias");
    if (map.slices.empty()) {
      site.checkpoint = path;
    } else {
      site.slices.push_back({map.slices[i], begin, begin + map.rows[i], path});
    }
    begin += map.rows[i];
  }
  const auto weight = take_matrix(site.path + ".weight", weights, map.rows, map.columns);
  const auto bias = map.bias ? take_biases(site.path + ".bias", biases, map.rows) : at::Tensor();
  return std::make_shared<nn::Linear>(std::move(site), weight, bias, precision_);
}

std::shared_ptr<nn::DecoderBlock> DecoderReader::block(int64_t index) {
  const auto& s = settings_;
  const auto ours = fmt::format("text.blocks.{}.", index), theirs = fmt::format("{}layers.{}.", prefix_, index);
  const auto queries = s.heads * s.head_width, keys = s.key_heads * s.head_width;
  nn::Site site;
  site.path = ours;
  site.tower = nn::Tower::text;
  site.block = index;
  site.place = 1 + index;
  const auto sublayer = [&](const std::string& part, const std::string& module) {
    auto one = site;
    one.path = ours + part;
    one.part = part;
    one.kind = nn::SiteKind::sublayer;
    one.in = one.out = s.width;
    one.checkpoint = theirs + module;
    return one;
  };
  nn::DecoderBlockParts parts;
  parts.norm1 = norm(ours + "norm1", theirs + "input_layernorm", s.width);
  parts.qkv = linear(site, {"attn.qkv",
                            {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"},
                            {"q", "k", "v"},
                            {queries, keys, keys},
                            s.width,
                            s.qkv_bias});
  if (s.head_norms) {
    parts.q_norm = norm(ours + "attn.q_norm", theirs + "self_attn.q_norm", s.head_width);
    parts.k_norm = norm(ours + "attn.k_norm", theirs + "self_attn.k_norm", s.head_width);
  }
  parts.proj = linear(site, {"attn.proj", {"self_attn.o_proj"}, {}, {s.width}, queries, s.proj_bias});
  if (s.post_norms) parts.post1 = norm(ours + "post1", theirs + "post_attention_layernorm", s.width);
  const auto* const second = s.post_norms ? "pre_feedforward_layernorm" : "post_attention_layernorm";
  parts.norm2 = norm(ours + "norm2", theirs + second, s.width);
  parts.gate_up = linear(
      site,
      {"mlp.gate_up", {"mlp.gate_proj", "mlp.up_proj"}, {"gate", "up"}, {s.hidden, s.hidden}, s.width, s.mlp_bias});
  parts.down = linear(site, {"mlp.down", {"mlp.down_proj"}, {}, {s.width}, s.hidden, s.mlp_bias});
  if (s.post_norms) parts.post2 = norm(ours + "post2", theirs + "post_feedforward_layernorm", s.width);
  parts.heads = s.heads;
  parts.key_heads = s.key_heads;
  parts.head_width = s.head_width;
  parts.scale = s.score_scale;
  parts.cap = s.score_cap;
  parts.turns = s.turns[static_cast<size_t>(index)];
  parts.slides = s.slides[static_cast<size_t>(index)];
  parts.activation = s.activation;
  auto key_values = sublayer("attn.key_values", "self_attn");
  key_values.kind = nn::SiteKind::key_values;
  key_values.in = key_values.out = keys;
  key_values.heads = s.key_heads;
  return std::make_shared<nn::DecoderBlock>(std::move(parts), sublayer("attn", "self_attn"), sublayer("mlp", "mlp"),
                                            std::move(key_values));
}

void DecoderReader::finish() {
  for (const auto& [name, stored] : tensors_) {
    const bool buffer = name.ends_with("rotary_emb.inv_freq");            // made anew of the settings
    const bool double_head = settings_.tied && name == "lm_head.weight";  // what is tied is the words'
    if (!taken_.contains(name) && !buffer && !double_head)
      wrong_.push_back(fmt::format("{}: unexpected, [{}]", stored.name, fmt::join(stored.shape, ", ")));
  }
  if (wrong_.empty()) return;
  const size_t total = wrong_.size();
  if (total > kMostNamed) {
    wrong_.resize(kMostNamed);
    wrong_.push_back(fmt::format("and {} more", total - kMostNamed));
  }
  throw ModelError("model", "{} does not fit {}, {} of its tensors:\n  {}", file_, family_of(settings_), total,
                   fmt::join(wrong_, "\n  "));
}

DecoderParts DecoderReader::read() {
  const auto& s = settings_;
  DecoderParts parts;
  parts.settings = s;
  parts.embedding = take_table("text.embedding", prefix_ + "embed_tokens.weight", s.vocabulary, s.width);
  for (int64_t k = 0; k < s.depth; ++k)
    parts.blocks.push_back(block(k));
  parts.norm = norm("text.norm", prefix_ + "norm", s.width);
  parts.own_head = !s.tied;
  const auto head =
      s.tied ? parts.embedding : take_matrix("text.head.weight", {"lm_head.weight"}, {s.vocabulary}, s.width);
  parts.head = std::make_shared<VocabularyHead>(head, parts.own_head, s.logit_cap, precision_);
  finish();
  return parts;
}

}  // namespace graft::models::decoder
