#include "graft/models/blocks.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>

#include "graft/core/error.h"

namespace graft::models {
namespace {

class BlockReader {
 public:
  BlockReader(CheckpointReader& reader, const BlocksPlan& plan, int64_t index)
      : reader_(reader),
        plan_(plan),
        ours_(fmt::format("{}.blocks.{}.", to_string(plan.tower), index)),
        theirs_(fmt::format("{}{}.", plan.theirs, index)) {
    site_.tower = plan.tower;
    site_.block = index;
    site_.place = plan.place + (plan.later_place ? index : 0);
  }

  std::shared_ptr<nn::Block> read() {
    const auto& names = plan_.names;
    const auto fc1 = theirs_ + names.fc1 + ".weight";
    const auto hidden = reader_.has(fc1) ? sizes_of(reader_, fc1, 2)[0] : 4 * plan_.width;
    nn::BlockParts parts;
    parts.norm1 = norm("norm1", names.norm1);
    parts.qkv = qkv();
    parts.proj = linear("attn.proj", names.proj, plan_.width, plan_.width);
    parts.scale1 = scale("scale1", names.scale1);
    parts.norm2 = norm("norm2", names.norm2);
    parts.fc1 = linear("mlp.fc1", names.fc1, plan_.width, hidden);
    parts.fc2 = linear("mlp.fc2", names.fc2, hidden, plan_.width);
    parts.scale2 = scale("scale2", names.scale2);
    parts.heads = plan_.heads;
    parts.activation = plan_.activation;
    parts.causal = plan_.causal;
    parts.norm_first = plan_.norm_first;
    auto key_values = site("attn.key_values", nn::SiteKind::key_values, plan_.width, plan_.width, "");
    key_values.heads = plan_.heads;
    return std::make_shared<nn::Block>(std::move(parts), sublayer("attn"), sublayer("mlp"), std::move(key_values));
  }

  nn::Site tokens() const {
    auto tokens = site("tokens", nn::SiteKind::tokens, plan_.width, plan_.width, "");
    tokens.patch_numbers = plan_.patch_numbers;
    return tokens;
  }

 private:
  nn::Site site(const std::string& name, nn::SiteKind kind, int64_t in, int64_t out, const std::string& theirs) const {
    auto site = site_;
    site.path = ours_ + name;
    site.part = name;
    site.multihead = plan_.names.multihead && kind == nn::SiteKind::linear && name.starts_with("attn.");
    site.kind = kind;
    site.in = in;
    site.out = out;
    site.checkpoint = reader_.full(theirs.empty() ? theirs_.substr(0, theirs_.size() - 1) : theirs_ + theirs);
    return site;
  }

  // Of the modules that make up a sub-layer the checkpoint's common path, if there is one ("....attn").
  nn::Site sublayer(const std::string& name) const {
    const std::string part = name == "attn" ? plan_.names.proj : plan_.names.fc1;
    const auto dot = part.rfind('.');
    return site(name, nn::SiteKind::sublayer, plan_.width, plan_.width, dot == part.npos ? name : part.substr(0, dot));
  }

  std::shared_ptr<nn::LayerNorm> norm(const std::string& ours, const std::string& theirs) {
    return read_norm(reader_, ours_ + ours, theirs_ + theirs, plan_.width, plan_.eps, plan_.precision);
  }

  at::Tensor scale(const std::string& ours, const char* theirs) {
    if (!theirs || !reader_.has(theirs_ + theirs)) return {};
    return reader_.take(ours_ + ours, theirs_ + theirs, {plan_.width});
  }

  std::shared_ptr<nn::Linear> linear(const std::string& ours, const std::string& theirs, int64_t in, int64_t out) {
    const auto weight = reader_.take_matrix(ours_ + ours + ".weight", {theirs_ + theirs + ".weight"}, {out, in});
    const auto bias = reader_.take(ours_ + ours + ".bias", theirs_ + theirs + ".bias", {out});
    return std::make_shared<nn::Linear>(site(ours, nn::SiteKind::linear, in, out, theirs), weight, bias,
                                        plan_.precision);
  }

  std::shared_ptr<nn::Linear> qkv() {
    const auto& names = plan_.names;
    const auto width = plan_.width;
    auto place = site("attn.qkv", nn::SiteKind::linear, width, 3 * width, names.qkv ? names.qkv : "");
    if (!names.qkv) place.checkpoint.clear();
    const char* parts[] = {names.q, names.k, names.v};
    const char* slices[] = {"q", "k", "v"};
    std::vector<std::string> weights, biases;
    for (int i = 0; i < 3; ++i) {
      place.slices.push_back(
          {slices[i], i * width, (i + 1) * width, names.qkv ? "" : reader_.full(theirs_ + parts[i])});
      if (names.qkv) continue;
      weights.push_back(theirs_ + parts[i] + ".weight");
      biases.push_back(theirs_ + parts[i] + ".bias");
    }
    if (names.qkv) {
      const auto stem = theirs_ + names.qkv + (names.multihead ? ".in_proj_" : ".");
      weights.push_back(stem + "weight");
      biases.push_back(stem + "bias");
    }
    const auto weight = reader_.take_matrix(ours_ + "attn.qkv.weight", weights, {3 * width, width});
    at::Tensor bias;
    if (plan_.qkv_bias) bias = reader_.take_stacked(ours_ + "attn.qkv.bias", biases, {3 * width});
    return std::make_shared<nn::Linear>(std::move(place), weight, bias, plan_.precision);
  }

  CheckpointReader& reader_;
  const BlocksPlan& plan_;
  std::string ours_, theirs_;
  nn::Site site_;
};

}  // namespace

std::vector<int64_t> sizes_of(const CheckpointReader& reader, const std::string& theirs, size_t dimensions) {
  const auto shape = reader.shape(theirs);
  if (shape.size() != dimensions || std::find(shape.begin(), shape.end(), 0) != shape.end()) {
    throw ModelError("model", "{}: expected {} dimensions, none of them 0, got [{}].", reader.full(theirs), dimensions,
                     fmt::join(shape, ", "));
  }
  return shape;
}

std::shared_ptr<nn::LayerNorm> read_norm(CheckpointReader& reader, const std::string& ours, const std::string& theirs,
                                         int64_t width, double eps, tensor::Precision precision) {
  const bool old = reader.has(theirs + ".gamma");  // TensorFlow's words, in checkpoints converted from it
  const auto weight = reader.take(ours + ".weight", theirs + (old ? ".gamma" : ".weight"), {width});
  const auto bias = reader.take(ours + ".bias", theirs + (old ? ".beta" : ".bias"), {width});
  return std::make_shared<nn::LayerNorm>(weight, bias, eps, precision);
}

std::shared_ptr<nn::Transformer> read_blocks(CheckpointReader& reader, const BlocksPlan& plan) {
  const auto depth = plan.depth > 0 ? plan.depth : reader.count(plan.theirs);
  if (depth == 0) throw ModelError("model", "no block '{}0.' in the checkpoint.", reader.full(plan.theirs));
  std::vector<std::shared_ptr<nn::Block>> blocks;
  std::vector<nn::Site> tokens;
  for (int64_t k = 0; k < depth; ++k) {
    BlockReader block(reader, plan, k);
    blocks.push_back(block.read());
    if (plan.tokens) tokens.push_back(block.tokens());
  }
  return std::make_shared<nn::Transformer>(std::move(blocks), std::move(tokens));
}

}  // namespace graft::models
