#include "graft/models/model.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <set>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/core/names.h"
#include "graft/tensor/resting.h"

namespace graft::models {
namespace {

// Of names, shapes and float32 values in the order of names: the same model gives the same hash from any layout.
std::string fingerprint(const std::map<std::string, at::Tensor>& parameters) {
  Hash hash;
  for (const auto& [name, value] : parameters) {
    const auto bytes = tensor::numbers_of(value.detach()).to(at::kFloat).contiguous();
    hash.add(name);
    hash.add(fmt::format("{}", fmt::join(bytes.sizes(), "x")));
    hash.add(std::as_bytes(std::span(bytes.const_data_ptr<float>(), static_cast<size_t>(bytes.numel()))));
  }
  return hash.hex();
}

std::map<std::string, at::Tensor> by_name(const torch::nn::Module& module) {
  std::map<std::string, at::Tensor> parameters;
  for (const auto& parameter : module.named_parameters())
    parameters[parameter.key()] = parameter.value();
  return parameters;
}

}  // namespace

Model::Model(std::vector<std::shared_ptr<Tower>> towers, ModelInfo info, tensor::Precision precision,
             std::vector<Origin> origins, at::Tensor log_scale)
    : towers_(std::move(towers)),
      log_scale_(std::move(log_scale)),
      info_(std::move(info)),
      precision_(precision),
      origins_(std::move(origins)) {
  GRAFT_ASSERT(!towers_.empty());
  for (const auto& tower : towers_)
    register_module(to_string(tower->name()), tower);
  if (log_scale_.defined()) register_parameter("logit_scale", log_scale_, /*requires_grad=*/false);
  const auto parameters = by_name(*this);
  info_.fingerprint = fingerprint(parameters);
  info_.parameters = 0;
  for (const auto& [name, value] : parameters)
    info_.parameters += value.numel();
  eval();
}

Tower* Model::tower(nn::Tower name) const {
  for (const auto& tower : towers_) {
    if (tower->name() == name) return tower.get();
  }
  return nullptr;
}

Tower& Model::need(nn::Tower name) const {
  if (auto* found = tower(name)) return *found;
  throw ModelError("model", "{} has no {} tower.{}", info_.description, to_string(name),
                   name == nn::Tower::text ? " Class prompts need a CLIP; a linear head works with any model." : "");
}

at::Tensor Model::logit_scale() const {
  if (log_scale_.defined()) return log_scale_.exp();
  throw ModelError("model", "{} has no text tower, so no scale of image and text logits.", info_.description);
}

std::vector<nn::Joint*> Model::joints() {
  std::vector<nn::Joint*> all;
  for (const auto& tower : towers_) {
    for (auto* joint : tower->joints())
      all.push_back(joint);
  }
  return all;
}

nn::Joint& Model::joint(const std::string& path) {
  std::vector<std::string> known;
  for (auto* joint : joints()) {
    if (joint->site().path == path) return *joint;
    known.push_back(joint->site().path);
  }
  const auto near = nearest_name(path, known);
  throw ModelError("model", "{} has no site '{}'.{} `graft models --sites` lists its {}.", info_.description, path,
                   near ? fmt::format(" Did you mean '{}'?", *near) : "", known.size());
}

nn::Tower Model::tower_of(const std::string& name) const {
  return name.starts_with("vision.") ? nn::Tower::vision
         : name.starts_with("head.") ? nn::Tower::head
                                     : nn::Tower::text;
}

nn::Place Model::place_of(const std::string& name) const {
  const auto prefix = to_string(reader().name()) + ".";
  return name.starts_with(prefix) ? reader().place_of(name.substr(prefix.size())) : reader().last();
}

std::map<std::string, at::Tensor> Model::to_checkpoint() const {
  auto parameters = by_name(*this);
  for (auto& [name, value] : parameters)
    value = tensor::numbers_of(value);
  return models::to_checkpoint(origins_, parameters);
}

void Model::freeze_all_but(const std::vector<std::string>& trained) {
  auto parameters = by_name(*this);
  std::vector<std::string> known, wrong;
  for (const auto& [name, value] : parameters)
    known.push_back(name);
  for (const auto& name : trained) {
    if (!parameters.contains(name)) wrong.push_back(unknown_name("parameter", name, known));
  }
  if (!wrong.empty()) throw ModelError("model", "{}: {}", info_.description, fmt::join(wrong, "\n  "));
  const std::set<std::string> training(trained.begin(), trained.end());
  for (auto& [name, value] : parameters) {
    if (training.contains(name)) tensor::wake(value);
    value.requires_grad_(training.contains(name));
  }
}

void Model::clear_inserts() {
  for (auto* joint : joints())
    joint->clear();
}

}  // namespace graft::models
