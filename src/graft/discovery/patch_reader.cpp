#include "graft/discovery/patch_reader.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "graft/core/error.h"
#include "graft/nn/insert.h"
#include "graft/tensor/on_cpu.h"

namespace graft::discovery {

// Lets the frozen map run and remembers what came of it, and what its rows are.
struct PatchReader::Recorder : nn::Insert {
  at::Tensor forward(const at::Tensor& x, const nn::Frozen& frozen, const nn::Context& context) const override {
    qkv = frozen(x);
    layout = context.layout;
    return qkv;
  }
  mutable at::Tensor qkv;  // [1, T, 3 D]
  mutable nn::Layout layout;
};

const models::VisionTower& need_vit(const models::Model& model) {
  const auto* tower = dynamic_cast<const models::VisionTower*>(&model.reader());
  if (!tower)
    throw ModelError("discovery", "{} ({}) has no patches with keys: expected a ViT, or a CLIP that sees with one.",
                     model.info().source, model.info().description);
  return *tower;
}

at::Tensor pixels_at(const models::Model& model, const data::Image& photo, data::Size size) {
  auto preprocessing = model.info().preprocessing;
  preprocessing.resize = size;
  preprocessing.resize_mode = data::ResizeMode::squash;
  preprocessing.crop.reset();
  preprocessing.crop_share.reset();
  const data::ImageTransform transform(preprocessing);
  auto pixels = torch::empty({1, 3, size.height, size.width}, tensor::on_cpu());
  transform.write(photo, Random(0), std::span(pixels.data_ptr<float>(), static_cast<size_t>(pixels.numel())));
  return pixels;
}

PatchReader::PatchReader(std::shared_ptr<models::Model> model, std::optional<int64_t> block)
    : model_(std::move(model)), tower_(&need_vit(*model_)), block_(block.value_or(tower_->blocks() - 1)) {
  if (block_ < 0 || block_ >= tower_->blocks())
    throw ConfigError("discovery", "block {}: {} has blocks 0 to {}.", block_, model_->info().source,
                      tower_->blocks() - 1);
  for (auto* joint : model_->joints()) {
    const auto& site = joint->site();
    if (site.tower == nn::Tower::vision && site.block == block_ && site.part == "attn.qkv") joint_ = joint;
  }
  GRAFT_ASSERT(joint_ && joint_->empty());
  recorder_ = std::make_shared<Recorder>();
  joint_->put(recorder_);
}

PatchReader::~PatchReader() {
  joint_->clear();
}

data::Size PatchReader::size_for(data::Size photo, int64_t side) const {
  const auto patch = static_cast<double>(tower_->patch());
  const double scale = static_cast<double>(side) / std::min(photo.height, photo.width);
  const auto whole = [&](int pixels) {
    return static_cast<int>(patch * std::max(1.0, std::round(scale * pixels / patch)));
  };
  return {whole(photo.height), whole(photo.width)};
}

Patches PatchReader::read(const data::Image& photo, data::Size size) const {
  return read(pixels_at(*model_, photo, size));
}

Patches PatchReader::read(const at::Tensor& pixels) const {
  const torch::NoGradGuard no_grad;
  const auto grid = nn::Grid{pixels.size(2) / tower_->patch(), pixels.size(3) / tower_->patch()};
  const auto output = tower_->run({pixels}, 0, 2 + block_, {});
  const auto qkv = recorder_->qkv.squeeze(0).to(at::kFloat).chunk(3, 1);  // [T, D] each
  const auto& layout = recorder_->layout;
  const auto first = layout.begin(nn::TokenKind::patch);
  GRAFT_ASSERT(layout.count(nn::TokenKind::patch) == grid.count());
  Patches patches{.keys = qkv[1].narrow(0, first, grid.count()).contiguous(),
                  .attention = {},
                  .grid = grid,
                  .heads = model_->info().vision.heads,
                  .values = qkv[2].narrow(0, first, grid.count()).contiguous(),
                  .tokens = output.x.squeeze(0)
                                .narrow(0, output.layout.begin(nn::TokenKind::patch), grid.count())
                                .to(at::kFloat)
                                .contiguous()};
  if (const auto row = layout.begin(nn::TokenKind::class_token); row >= 0) {
    const auto by_head = [&](const at::Tensor& t) { return t.unflatten(1, {patches.heads, -1}).transpose(0, 1); };
    const auto query = by_head(qkv[0].narrow(0, row, 1)), keys = by_head(qkv[1]);  // [H, 1, d], [H, T, d]
    const auto scores = at::matmul(query, keys.transpose(1, 2)) / std::sqrt(static_cast<double>(keys.size(2)));
    patches.attention = at::softmax(scores, -1).squeeze(1).narrow(1, first, grid.count()).contiguous();
  }
  recorder_->qkv.reset();
  return patches;
}

}  // namespace graft::discovery
