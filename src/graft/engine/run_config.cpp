#include "graft/engine/run_config.h"

#include <fmt/ranges.h>

#include <filesystem>

#include "graft/core/hash.h"

namespace graft::engine {
namespace {

void make_absolute(std::string& path) {
  namespace fs = std::filesystem;
  if (!path.empty() && fs::exists(path)) path = fs::absolute(path).lexically_normal().string();
}

}  // namespace

OptionValues run_config(AdaptOptions options, const OptionValues& method_options, const methods::Recipe& recipe,
                        const AdapterInfo& info) {
  make_absolute(options.model.model);
  make_absolute(options.data.data);
  make_absolute(options.data.dataset.classes);
  options.model.precision = info.precision;
  options.data.exif = options.data.exif.value_or(data::Exif::keep);
  options.classifier = info.classifier;
  const bool prompts = info.classifier == methods::ClassifierKind::prompts;
  if (prompts || recipe.head_init == models::HeadInit::class_text) {
    options.templates = fmt::format("{}", fmt::join(info.templates, "\n"));
  }
  options.templates_file.clear();
  options.output.clear();
  options.resume.clear();
  options.force = false;
  auto& train = options.train;
  train.epochs = recipe.epochs;
  train.batch_size = recipe.batch_size;
  train.lr = recipe.lr;
  train.weight_decay = recipe.weight_decay;
  if (recipe.schedule != methods::ScheduleKind::coop) train.warmup = recipe.warmup_epochs;
  train.optimizer = recipe.optimizer;
  train.momentum = recipe.momentum;
  train.schedule = recipe.schedule;
  train.clip = recipe.clip_norm;
  train.label_smoothing = recipe.label_smoothing;
  train.augment = recipe.augmentation;
  train.min_crop = recipe.min_crop;
  return resolved({options, method_options});
}

std::string run_identity(OptionValues config, const std::string& fingerprint, const data::Dataset& data) {
  for (const char* name : {"model", "data", "classes", "workers", "threads", "cache", "keep", "checkpoint-every",
                           "on-bad-file", "recompute", "memory"}) {
    config.erase(name);
  }
  Hash hash;
  for (const auto& [name, value] : config)
    hash.add(name).add(value);
  hash.add(fingerprint);
  for (const auto& name : data.classes)
    hash.add(name);
  for (const auto& sample : data.train)
    hash.add(sample.file).add(std::to_string(sample.label));
  return hash.hex();
}

}  // namespace graft::engine
