// A model whose attention is another's, or nobody's.
#include <fmt/format.h>
#include <torch/types.h>

#include <cmath>
#include <vector>

#include "graft/core/error.h"
#include "graft/models/model.h"
#include "graft/nn/linear.h"
#include "graft/tensor/on_cpu.h"
#include "graft/tensor/resting.h"

namespace graft::models {
namespace {

// The two maps of a block's attention.
struct Attention {
  nn::Linear* qkv = nullptr;   // [3D, D]
  nn::Linear* proj = nullptr;  // [D, D]
};

// Of a tower's blocks in their order; none where it has no attention, or another kind.
std::vector<Attention> attention_of(const Model& model, nn::Tower tower) {
  std::vector<Attention> blocks;
  const auto modules = model.named_modules(/*name_prefix=*/{}, /*include_self=*/false);
  for (;;) {
    const auto path = fmt::format("{}.blocks.{}.attn.", to_string(tower), blocks.size());
    const auto map = [&](const char* name) {
      const auto* found = modules.find(path + name);
      return found ? dynamic_cast<nn::Linear*>(found->get()) : nullptr;
    };
    const Attention block{map("qkv"), map("proj")};
    if (!block.qkv || !block.proj || block.qkv->weight().dim() != 2) return blocks;
    blocks.push_back(block);
  }
}

std::vector<Attention> need_attention(const Model& model, nn::Tower tower) {
  auto blocks = attention_of(model, tower);
  if (!blocks.empty()) return blocks;
  throw ModelError("model", "--attention-from: {} ({}) has no blocks with attention. Take a Transformer.",
                   model.info().source, model.info().description);
}

int64_t width_of(const std::vector<Attention>& blocks) {
  return blocks.front().proj->weight().size(0);
}

int64_t heads_of(const Model& model, nn::Tower tower) {
  return tower == nn::Tower::text && model.info().text ? model.info().text->heads : model.info().vision.heads;
}

std::string shape_of(const Model& model, nn::Tower tower, const std::vector<Attention>& blocks) {
  return fmt::format("{} blocks of width {} and {} heads", blocks.size(), width_of(blocks), heads_of(model, tower));
}

at::Tensor numbers_or_zeros(const at::Tensor& bias, const at::Tensor& like) {
  return bias.defined() ? bias : torch::zeros_like(like);
}

// A bias that the map lacks cannot be kept.
void assign(nn::Linear& map, const nn::Linear& other, const std::string& where) {
  if (other.bias().defined() && !map.bias().defined()) {
    throw ModelError("model", "--attention-from: {} adds a bias, and here there is none.", where);
  }
  map.assign(tensor::numbers_of(other.weight()),
             map.bias().defined() ? numbers_or_zeros(other.bias(), map.bias()) : at::Tensor());
}

at::Tensor drawn_matrix(const at::Tensor& like, Random& random) {
  auto values = at::empty(like.sizes(), tensor::on_cpu());
  const double std = 1 / std::sqrt(static_cast<double>(like.size(1)));
  auto* numbers = values.data_ptr<float>();
  for (int64_t i = 0; i < values.numel(); ++i)
    numbers[i] = static_cast<float>(std * random.normal());
  return values;
}

}  // namespace

std::unique_ptr<Model> Model::with_attention_of(const Model& other) const {
  const auto own_tower = reader().name();
  const auto other_tower = other.tower(nn::Tower::text) ? nn::Tower::text : other.reader().name();
  const auto own = need_attention(*this, own_tower), others = need_attention(other, other_tower);
  if (width_of(own) != width_of(others) || heads_of(*this, own_tower) != heads_of(other, other_tower) ||
      others.size() < own.size()) {
    throw ModelError("model",
                     "--attention-from {}: its {} tower has {}, and {} has {}: expected the same width and heads, and "
                     "as many blocks or more.",
                     other.info_.source, to_string(other_tower), shape_of(other, other_tower, others), info_.source,
                     shape_of(*this, own_tower, own));
  }
  for (size_t i = 0; i < own.size(); ++i) {
    const auto where = fmt::format("{}.blocks.{} of {}", to_string(other_tower), i, other.info_.source);
    assign(*own[i].qkv, *others[i].qkv, where);
    assign(*own[i].proj, *others[i].proj, where);
  }
  return anew(fmt::format("{} of {}", to_string(other_tower), other.info_.description));
}

std::unique_ptr<Model> Model::with_random_attention(Random random) const {
  for (const auto& block : need_attention(*this, reader().name())) {
    for (auto* map : {block.qkv, block.proj})
      map->assign(drawn_matrix(map->weight(), random),
                  map->bias().defined() ? torch::zeros_like(map->bias()) : at::Tensor());
  }
  return anew(kRandomAttention);
}

std::unique_ptr<Model> Model::anew(const std::string& attention) const {
  ModelInfo info = info_;
  info.description += fmt::format(" · attention: {}", attention);
  return std::make_unique<Model>(towers_, std::move(info), precision_, origins_, log_scale_);
}

}  // namespace graft::models
