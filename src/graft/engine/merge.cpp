#include "graft/engine/merge.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <optional>

#include "graft/core/error.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/encoder.h"
#include "graft/engine/evaluate.h"
#include "graft/engine/photo_list.h"
#include "graft/engine/session.h"
#include "graft/engine/tensor_file.h"
#include "graft/io/model_folder.h"
#include "graft/io/yaml_options.h"
#include "graft/nn/linear.h"
#include "graft/tensor/resting.h"

namespace graft::engine {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPhotos = 32;  // enough to see a deviation; two passes

// The frozen linear map at a joint: models hold theirs as modules.
std::map<const nn::Joint*, nn::Linear*> linear_maps(models::Model& model) {
  std::map<const nn::Joint*, nn::Linear*> maps;
  for (const auto& module : model.modules(/*include_self=*/false)) {
    if (auto* linear = dynamic_cast<nn::Linear*>(module.get())) maps[&linear->joint()] = linear;
  }
  return maps;
}

// The map of a joint with all its occupants folded in, innermost first; the name of one that does not fold.
std::optional<nn::Folded> fold_all(const nn::Joint& joint, const nn::Linear& linear) {
  nn::Folded all{tensor::numbers_of(linear.weight().detach()).to(at::kFloat).clone(),
                 linear.bias().defined() ? linear.bias().detach().to(at::kFloat).clone() : at::Tensor()};
  for (const auto& occupant : joint.occupants()) {
    const int64_t begin = occupant.whole() ? 0 : occupant.begin;
    const int64_t rows = occupant.whole() ? all.weight.size(0) : occupant.end - occupant.begin;
    const at::Tensor bias = all.bias.defined() ? all.bias.narrow(0, begin, rows) : at::Tensor();
    const auto folded = occupant.insert->fold(all.weight.narrow(0, begin, rows), bias);
    if (!folded) return {};
    all.weight.narrow(0, begin, rows).copy_(folded->weight);
    if (!folded->bias.defined()) continue;
    if (!all.bias.defined()) all.bias = torch::zeros({all.weight.size(0)});
    all.bias.narrow(0, begin, rows).copy_(folded->bias);
  }
  return all;
}

// Maps to their new values; everything that does not fold is told at once.
std::vector<std::pair<nn::Linear*, nn::Folded>> fold_model(models::Model& model) {
  const torch::NoGradGuard no_grad;
  const auto maps = linear_maps(model);
  std::vector<std::pair<nn::Linear*, nn::Folded>> folded;
  std::vector<std::string> wrong;
  for (nn::Joint* joint : model.joints()) {
    if (joint->empty()) continue;
    const auto map = maps.find(joint);
    auto values = map == maps.end() ? std::nullopt : fold_all(*joint, *map->second);
    if (!values) {
      wrong.push_back(joint->site().path);
    } else if (values->bias.defined() && !map->second->bias().defined()) {
      wrong.push_back(joint->site().path + " (the checkpoint has no bias there)");
    } else {
      folded.emplace_back(map->second, std::move(*values));
    }
  }
  if (!wrong.empty()) {
    throw ModelError("merge", "this adapter is more than a change of weights and cannot be folded: {}.",
                     fmt::join(wrong, ", "));
  }
  return folded;
}

std::vector<fs::path> some_photos(const MergeOptions& options) {
  PhotoList photos;
  if (!options.data.empty()) {
    photos = list_photos({.data = options.data, .dataset = {}}, "");
  } else if (fs::exists(fs::path(options.run) / "config.yaml")) {
    photos = list_photos(read_adapt_request(io::read_yaml_options(fs::path(options.run) / "config.yaml")).options.data,
                         "test");
  }
  photos.paths.resize(std::min(photos.paths.size(), kPhotos));
  return photos.paths;
}

// JSON files beside the weights, so that the folder opens as the base's did.
void copy_descriptions(const io::ModelFolder& from, const fs::path& to) {
  if (!fs::is_directory(from.path)) return;
  for (const auto& entry : fs::directory_iterator(from.path)) {
    const auto& path = entry.path();
    const bool index = path.filename().string().ends_with(".index.json");
    if (path.extension() == ".json" && !index && entry.is_regular_file()) {
      fs::copy_file(path, to / path.filename(), fs::copy_options::overwrite_existing);
    }
  }
}

}  // namespace

Merged merge(const MergeOptions& options, const Host& host, Reporter& report) {
  if (options.output.empty()) throw UsageError("merge", "where to? Give --output a folder.");
  const fs::path output(options.output);
  if (fs::exists(output) && !(fs::is_directory(output) && fs::is_empty(output)) && !options.force) {
    throw ConfigError("merge", "{} exists. Write over it with --force, or choose another --output.", options.output);
  }
  const AdapterInfo info = read_adapter_info(options.run);
  ModelOptions wanted = model_of_run(info, options.model);
  wanted.precision = "fp32";  // the sums that a fold makes are not rounded to what frozen weights are multiplied in
  const auto model = open_model(wanted, host, report);
  Adapted adapted = load_adapter(options.run, model, options.force_base);
  if (!adapted.classifier->joint().empty()) {
    throw ModelError("merge", "{} acts on the classifier, which is no part of the model's weights.", info.method);
  }
  auto folded = fold_model(*model);

  Merged merged{.folded = static_cast<int64_t>(folded.size()), .folder = output};
  const auto photos = some_photos(options);
  merged.photos = static_cast<int64_t>(photos.size());
  Encoder encoder(model, std::make_shared<data::ImageCache>(), {});
  const at::Tensor before = encoder.compute(photos, model->reader().last(), report);
  model->clear_inserts();
  for (auto& [map, values] : folded)
    map->assign(values.weight, values.bias);
  const at::Tensor after = encoder.compute(photos, model->reader().last(), report);
  if (merged.photos > 0) {
    merged.largest_deviation = ((after - before).abs().max() / before.abs().max()).item<double>();
  }

  std::error_code error;
  fs::create_directories(output, error);
  if (error) throw FileError("merge", "{} cannot be created: {}.", options.output, error.message());
  const auto base = io::ModelFolder::find(wanted.model, host.environment);
  copy_descriptions(base, output);
  const bool open_clip = base.open_clip_config.has_value();
  write_tensors(output / (open_clip ? "open_clip_model.safetensors" : "model.safetensors"), model->to_checkpoint(),
                {{"format", "pt"}});
  if (fs::exists(fs::path(options.run) / "head.safetensors")) {
    fs::copy_file(fs::path(options.run) / "head.safetensors", output / "head.safetensors",
                  fs::copy_options::overwrite_existing);
  }
  report.line("merged", fmt::format("{}  {} maps folded · largest deviation {:.1e} of the features on {} photos",
                                    options.output, merged.folded, merged.largest_deviation, merged.photos));
  return merged;
}

}  // namespace graft::engine
