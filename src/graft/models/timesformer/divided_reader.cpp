#include "graft/models/timesformer/divided_reader.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "graft/tensor/on_cpu.h"

namespace graft::models::timesformer {
namespace {

class BlockReader {
 public:
  BlockReader(CheckpointReader& reader, const DividedPlan& plan, int64_t index)
      : reader_(reader),
        plan_(plan),
        ours_(fmt::format("vision.blocks.{}.", index)),
        theirs_(fmt::format("{}{}.", plan.theirs, index)) {
    site_.tower = nn::Tower::vision;
    site_.block = index;
    site_.place = 1 + index;
  }

  std::shared_ptr<DividedBlock> read() {
    const auto width = plan_.width;
    const auto& names = plan_.names;
    const auto fc1 = theirs_ + names.fc1 + ".weight";
    const auto hidden = reader_.has(fc1) ? sizes_of(reader_, fc1, 2)[0] : 4 * width;
    DividedParts parts;
    parts.temporal_norm = norm("temporal_norm", plan_.temporal.norm1);
    parts.temporal_qkv = qkv("temporal_attn.qkv", plan_.temporal);
    parts.temporal_proj = scaled("temporal_attn.proj", plan_.temporal.proj, plan_.temporal.scale1, width, width);
    parts.temporal_fc =
        plan_.temporal_fc.empty() ? no_change("temporal_fc") : linear("temporal_fc", plan_.temporal_fc, width, width);
    parts.norm1 = norm("norm1", names.norm1);
    parts.qkv = qkv("attn.qkv", names);
    parts.proj = scaled("attn.proj", names.proj, names.scale1, width, width);
    parts.norm2 = norm("norm2", names.norm2);
    parts.fc1 = linear("mlp.fc1", names.fc1, width, hidden);
    parts.fc2 = scaled("mlp.fc2", names.fc2, names.scale2, hidden, width);
    parts.heads = plan_.heads;
    parts.frames = plan_.frames;
    parts.activation = plan_.activation;
    return std::make_shared<DividedBlock>(std::move(parts), sublayer("temporal_attn", plan_.temporal.proj),
                                          sublayer("attn", names.proj), sublayer("mlp", names.fc1));
  }

 private:
  nn::Site site(const std::string& part, nn::SiteKind kind, int64_t in, int64_t out, const std::string& theirs) const {
    auto site = site_;
    site.path = ours_ + part;
    site.part = part;
    site.kind = kind;
    site.in = in;
    site.out = out;
    site.checkpoint = reader_.full(theirs_ + theirs);
    return site;
  }

  // Its modules' common path in the checkpoint ("attention"), or the block's.
  nn::Site sublayer(const std::string& part, const std::string& inside) const {
    const auto dot = inside.rfind('.');
    return site(part, nn::SiteKind::sublayer, plan_.width, plan_.width,
                dot == inside.npos ? part : inside.substr(0, dot));
  }

  std::shared_ptr<nn::LayerNorm> norm(const std::string& ours, const std::string& theirs) {
    return read_norm(reader_, ours_ + ours, theirs_ + theirs, plan_.width, plan_.eps, plan_.precision);
  }

  std::shared_ptr<nn::Linear> linear(const std::string& ours, const std::string& theirs, int64_t in, int64_t out) {
    const auto weight = reader_.take_matrix(ours_ + ours + ".weight", {theirs_ + theirs + ".weight"}, {out, in});
    const auto bias = reader_.take(ours_ + ours + ".bias", theirs_ + theirs + ".bias", {out});
    return std::make_shared<nn::Linear>(site(ours, nn::SiteKind::linear, in, out, theirs), weight, bias,
                                        plan_.precision);
  }

  // The last map of a sub-layer with the ViT's LayerScale folded in: a TimeSformer has none.
  std::shared_ptr<nn::Linear> scaled(const std::string& ours, const std::string& theirs, const char* scale, int64_t in,
                                     int64_t out) {
    if (!scale || !reader_.has(theirs_ + scale)) return linear(ours, theirs, in, out);
    const auto by = reader_.take(ours_ + ours + ".scale", theirs_ + scale, {out});
    const auto weight = reader_.take(ours_ + ours + ".weight", theirs_ + theirs + ".weight", {out, in});
    const auto bias = reader_.take(ours_ + ours + ".bias", theirs_ + theirs + ".bias", {out});
    return std::make_shared<nn::Linear>(site(ours, nn::SiteKind::linear, in, out, theirs), weight * by.unsqueeze(1),
                                        bias * by, plan_.precision);
  }

  std::shared_ptr<nn::Linear> no_change(const std::string& ours) {
    const auto width = plan_.width;
    return std::make_shared<nn::Linear>(site(ours, nn::SiteKind::linear, width, width, ours),
                                        at::zeros({width, width}, tensor::on_cpu()),
                                        at::zeros({width}, tensor::on_cpu()), plan_.precision);
  }

  std::shared_ptr<nn::Linear> qkv(const std::string& ours, const BlockNames& names) {
    const auto width = plan_.width;
    auto place = site(ours, nn::SiteKind::linear, width, 3 * width, names.qkv ? names.qkv : ours);
    const char* parts[] = {names.q, names.k, names.v};
    const char* slices[] = {"q", "k", "v"};
    std::vector<std::string> weights, biases;
    for (int i = 0; i < 3; ++i) {
      place.slices.push_back({slices[i], i * width, (i + 1) * width, ""});
      if (names.qkv && i > 0) continue;
      weights.push_back(theirs_ + (names.qkv ? names.qkv : parts[i]) + ".weight");
      biases.push_back(theirs_ + (names.qkv ? names.qkv : parts[i]) + ".bias");
    }
    const auto weight = reader_.take_matrix(ours_ + ours + ".weight", weights, {3 * width, width});
    at::Tensor bias;
    if (plan_.qkv_bias) bias = reader_.take_stacked(ours_ + ours + ".bias", biases, {3 * width});
    return std::make_shared<nn::Linear>(std::move(place), weight, bias, plan_.precision);
  }

  CheckpointReader& reader_;
  const DividedPlan& plan_;
  std::string ours_, theirs_;
  nn::Site site_;
};

}  // namespace

std::vector<std::shared_ptr<DividedBlock>> read_divided(CheckpointReader& reader, const DividedPlan& plan) {
  std::vector<std::shared_ptr<DividedBlock>> blocks;
  for (int64_t k = 0; k < plan.depth; ++k)
    blocks.push_back(BlockReader(reader, plan, k).read());
  return blocks;
}

}  // namespace graft::models::timesformer
