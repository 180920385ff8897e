#include "graft/models/model.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/core/names.h"
#include "graft/tensor/quantised_weight.h"
#include "graft/tensor/resting.h"

namespace graft::models {
namespace {

// A checkpoint's names for a parameter of ours.
std::string names_of(const std::string& ours, const std::vector<Origin>& origins) {
  std::vector<std::string> theirs;
  for (const auto& origin : origins) {
    if (origin.ours == ours) theirs.push_back(origin.theirs);
  }
  return theirs.empty() ? ours : fmt::format("{}", fmt::join(theirs, ", "));
}

// Where a parameter has numbers that are not finite; empty where it has none. The sum of finite numbers may be
// infinite, that of others is never finite.
std::string not_finite(const std::string& name, const at::Tensor& value) {
  if (value.numel() == 0 || std::isfinite(value.sum().item<double>())) return "";
  const auto bad = value.reshape({-1}).isfinite().logical_not();
  const auto count = bad.sum().item<int64_t>();
  if (count == 0) return "";
  return fmt::format("\n  {}: {} of {} numbers, the first is {}", name, count, value.numel(),
                     value.reshape({-1})[bad.nonzero()[0].item<int64_t>()].item<double>());
}

// A parameter's numbers in float32, piece by piece: of a weight that stays quantised some rows at a time, so that it
// never stands in memory whole.
template <class Each>
void in_pieces(const at::Tensor& value, const Each& each) {
  constexpr int64_t kNumbersAtOnce = int64_t{1} << 22;
  const auto* quantised = tensor::quantised_of(value);
  if (!quantised) return each(tensor::numbers_of(value.detach()).to(at::kFloat).contiguous());
  const auto rows = std::max<int64_t>(kNumbersAtOnce / std::max<int64_t>(quantised->columns, 1), 1);
  for (int64_t row = 0; row < quantised->rows; row += rows)
    each(tensor::dequantise(tensor::narrow_rows(*quantised, row, std::min(rows, quantised->rows - row))));
}

// Of names, shapes and float32 values in the order of names: the same model gives the same hash from any layout. What
// is not finite is a ModelError, as each number is at hand here.
std::string fingerprint(const nn::NamedTensors& parameters, const std::vector<Origin>& origins,
                        const std::string& source) {
  Hash hash;
  std::string wrong;
  for (const auto& [name, value] : parameters) {
    hash.add(name);
    hash.add(fmt::format("{}", fmt::join(value.sizes(), "x")));
    bool finite = true;
    in_pieces(value, [&](const at::Tensor& piece) {
      finite = finite && std::isfinite(piece.sum().item<double>());
      hash.add(std::as_bytes(std::span(piece.const_data_ptr<float>(), static_cast<size_t>(piece.numel()))));
    });
    if (!finite) wrong += not_finite(names_of(name, origins), tensor::numbers_of(value.detach()).to(at::kFloat));
  }
  if (!wrong.empty()) {
    throw ModelError("model",
                     "{}: weights that are not finite (NaN or infinity):{}\n  Nothing can be computed with "
                     "them. Get the file anew, or a checkpoint from before they broke.",
                     source, wrong);
  }
  return hash.hex();
}

nn::NamedTensors by_name(const torch::nn::Module& module) {
  nn::NamedTensors parameters;
  for (const auto& parameter : module.named_parameters())
    parameters[parameter.key()] = parameter.value();
  return parameters;
}

// Parameters, and what else its numbers hang on and a checkpoint holds (the statistics of batch norms).
nn::NamedTensors state_by_name(const torch::nn::Module& module) {
  auto state = by_name(module);
  for (const auto& buffer : module.named_buffers())
    state[buffer.key()] = buffer.value();
  return state;
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
  info_.fingerprint = fingerprint(state_by_name(*this), origins_, info_.source);
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
  throw ModelError("model", "{} has no scale of image and text logits.", info_.description);
}

std::unique_ptr<Model> Model::joined_with(const Model& texts) const {
  if (reader().name() != nn::Tower::vision) {
    throw ModelError("model", "{} reads texts: --model names a model of images, --text-model one of texts.",
                     info_.source);
  }
  if (texts.reader().name() != nn::Tower::text) {
    throw ModelError("model", "--text-model {}: reads images. Expected a sentence encoder, or a CLIP's text tower.",
                     texts.info_.source);
  }
  ModelInfo info = info_;
  info.source = fmt::format("{} + {}", info_.source, texts.info_.source);
  info.description = fmt::format("{} + {}", info_.description, texts.info_.description);
  info.text = texts.info_.text;
  info.no_text.clear();
  info.pooling = fmt::format("{} + {}", info_.pooling, texts.info_.pooling);
  info.notes.insert(info.notes.end(), texts.info_.notes.begin(), texts.info_.notes.end());
  auto origins = origins_;
  std::erase_if(origins, [](const Origin& origin) { return !origin.ours.starts_with("vision."); });
  for (const auto& origin : texts.origins_) {
    if (origin.ours.starts_with("text.")) origins.push_back(origin);
  }
  return std::make_unique<Model>(std::vector<std::shared_ptr<Tower>>{towers_.front(), texts.towers_.front()},
                                 std::move(info), precision_, std::move(origins));
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

void Model::require_prompts(const char* where, const std::string& what) const {
  if (has_prompts()) return;
  if (!tower(nn::Tower::text)) throw ModelError(where, "{} a model that reads text; {} does not.", what, info_.source);
  if (!tower(nn::Tower::vision)) {
    throw ModelError(where, "{} a model of images and texts in one space; {} reads texts alone.", what, info_.source);
  }
  if (!has_logit_scale()) {
    throw ModelError(where,
                     "{} images and texts in one space; {} are two models that share none. For photos with "
                     "captions (--label-kind caption) --method projection joins them.",
                     what, info_.source);
  }
  throw ModelError(where, "{} a model that reads text; of {} graft reads the images alone: {}.", what, info_.source,
                   info_.no_text);
}

TextReader Model::text_reader() const {
  require_prompts("model", "class prompts need");
  return need(nn::Tower::text).text_reader();
}

void Model::add_notes(const std::vector<Note>& notes) {
  info_.notes.insert(info_.notes.end(), notes.begin(), notes.end());
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

nn::NamedTensors Model::to_checkpoint() const {
  auto state = state_by_name(*this);
  for (auto& [name, value] : state)
    value = tensor::numbers_of(value);
  return models::to_checkpoint(origins_, state);
}

nn::NamedTensors Model::to_checkpoint_at_size() const {
  const torch::NoGradGuard no_grad;
  auto parameters = by_name(*this);
  if (!parameters.contains("vision.positions")) return to_checkpoint();
  for (auto& [name, value] : parameters)
    value = tensor::numbers_of(value);
  auto& positions = parameters.at("vision.positions");
  const auto stretched = need(nn::Tower::vision).positions_at(info_.preprocessing.output());
  auto origins = origins_;
  for (auto& origin : origins) {
    if (origin.ours != "vision.positions") continue;
    std::replace(origin.shape.begin(), origin.shape.end(), positions.size(0), stretched.size(0));
    origin.rows = stretched.size(0);
  }
  positions = stretched;
  return models::to_checkpoint(origins, parameters);
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

std::vector<std::pair<std::string, nn::BatchNorm*>> Model::batch_norms() const {
  std::vector<std::pair<std::string, nn::BatchNorm*>> all;
  for (const auto& module : named_modules(/*name_prefix=*/{}, /*include_self=*/false)) {
    if (auto* norm = dynamic_cast<nn::BatchNorm*>(module.value().get())) all.emplace_back(module.key(), norm);
  }
  return all;
}

void Model::go_by_batch(const std::vector<std::string>& norms) {
  for (auto& [path, norm] : batch_norms())
    norm->go_by_batch(std::find(norms.begin(), norms.end(), path) != norms.end());
}

void Model::clear_inserts() {
  for (auto* joint : joints())
    joint->clear();
}

}  // namespace graft::models
