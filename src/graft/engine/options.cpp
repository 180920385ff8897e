#include "graft/engine/options.h"

#include <algorithm>

#include "graft/core/error.h"
#include "graft/methods/combination.h"
#include "graft/methods/entry.h"
#include "graft/text/text_file.h"

namespace graft::engine {
namespace {

constexpr int64_t kMostEpochs = 1'000'000;  // steps and photos are counted in products of it
constexpr int64_t kMostSteps = 1'000'000'000;
constexpr const char* kUsualTemplate = "a photo of a {}.";

// A recipe's warm-up is meant for its own number of epochs.
void fit_warmup(methods::Recipe& recipe, const TrainOptions& options) {
  if (!options.warmup_epochs && recipe.warmup_epochs >= static_cast<double>(recipe.epochs))
    recipe.warmup_epochs = 0.1 * static_cast<double>(recipe.epochs);
}

}  // namespace

AdaptRequest read_adapt_request(const OptionValues& values) {
  std::vector<std::string> general, known;
  for (const auto& info : describe_options<AdaptOptions>())
    general.push_back(info.name);
  known = general;
  const auto method = values.find("method");
  if (method != values.end() && !method->second.empty()) {
    for (const auto& info : method_option_infos(method->second))
      known.push_back(info.name);
  }
  option::refuse_unknown("adapt", values, known);
  OptionValues own, rest;
  for (const auto& [name, text] : values) {
    const bool is_general = std::find(general.begin(), general.end(), name) != general.end();
    (is_general ? own : rest)[name] = text;
  }
  return {read_options<AdaptOptions>("adapt", own), std::move(rest)};
}

OptionValues resolved(const AdaptRequest& request) {
  OptionValues values = write_options(request.options);
  for (const auto& info : method_option_infos(request.options.method))
    values[info.name] = info.default_value;
  for (const auto& [name, text] : request.method_options)
    values[name] = text;
  return values;
}

std::vector<OptionInfo> method_option_infos(const std::string& method) {
  const auto parts = methods::parts_of(method);
  std::vector<OptionInfo> all;
  for (const auto& part : parts) {
    for (auto info : methods::find_entry(part).options()) {
      if (parts.size() > 1) info.name = part + "." + info.name;
      all.push_back(std::move(info));
    }
  }
  return all;
}

methods::Recipe asked_recipe(const TrainOptions& options, const methods::Recipe& own) {
  auto recipe = methods::with(own, options);
  if (options.epochs) fit_warmup(recipe, options);

  std::string wrong;
  const auto check = [&wrong](bool fine, const char* name, const char* expected, auto value) {
    if (!fine) wrong += fmt::format("\n  --{}: expected {}, got {}", name, expected, value);
  };
  check(recipe.epochs >= 0 && recipe.epochs <= kMostEpochs, "epochs", "0 to a million", recipe.epochs);
  check(recipe.steps >= 0 && recipe.steps <= kMostSteps, "steps", "0 to a billion", recipe.steps);
  check(recipe.batch_size >= 1, "batch-size", "1 or more", recipe.batch_size);
  check(recipe.lr >= 0, "lr", "0 or more", recipe.lr);
  check(recipe.weight_decay >= 0, "weight-decay", "0 or more", recipe.weight_decay);
  check(recipe.warmup_epochs >= 0 && recipe.warmup_epochs <= kMostEpochs, "warmup", "0 to a million",
        recipe.warmup_epochs);
  check(recipe.momentum >= 0 && recipe.momentum < 1, "momentum", "0 or more and below 1", recipe.momentum);
  check(recipe.clip_norm >= 0, "clip", "0 or more", recipe.clip_norm);
  check(recipe.label_smoothing >= 0 && recipe.label_smoothing < 1, "label-smoothing", "0 or more and below 1",
        recipe.label_smoothing);
  check(recipe.min_crop > 0 && recipe.min_crop <= 1, "min-crop", "more than 0, at most 1", recipe.min_crop);
  check(options.grad_accum >= 1 && options.grad_accum <= kMostEpochs, "grad-accum", "1 to a million",
        options.grad_accum);
  check(options.val_every >= 0, "val-every", "0 or more", options.val_every);
  check(options.patience >= 0, "patience", "0 or more", options.patience);
  check(options.checkpoint_every >= 0, "checkpoint-every", "0 or more", options.checkpoint_every);
  check(options.keep >= 1 && options.keep <= kMostEpochs, "keep", "1 to a million", options.keep);
  if (!wrong.empty()) throw ConfigError("train", "values out of range:{}", wrong);
  if (options.warmup_epochs && recipe.schedule == methods::ScheduleKind::coop) {
    throw ConfigError("train",
                      "--warmup: the schedule 'coop' has one epoch of warm-up of its own. Leave one of the two out.");
  }
  return recipe;
}

void follow_steps(methods::Recipe& recipe, const TrainOptions& options, int64_t train_size) {
  if (recipe.steps == 0 || recipe.epochs == 0) return;  // of no steps, or of a method that takes none
  const auto up = [](int64_t all, int64_t each) { return (all + each - 1) / each; };
  const int64_t per_epoch = std::max<int64_t>(1, up(up(train_size, recipe.batch_size), options.grad_accum));
  recipe.epochs = up(recipe.steps, per_epoch);
  if (options.epochs && *options.epochs != recipe.epochs) {
    throw ConfigError("train",
                      "--epochs {} and --steps {}: so many steps are {} epochs here. Leave one of the two out.",
                      *options.epochs, recipe.steps, recipe.epochs);
  }
  fit_warmup(recipe, options);
}

std::vector<std::string> read_templates(const std::string& templates, const std::string& file) {
  std::vector<std::string> all = text::trimmed_lines(templates);
  if (!file.empty()) {
    const auto more = text::trimmed_lines(text::read_text_file(file));
    if (more.empty())
      throw DataError("templates", "{} holds no template: expected one a line, with {{}} for the name.", file);
    all.insert(all.end(), more.begin(), more.end());
  }
  if (all.empty()) all.emplace_back(kUsualTemplate);
  std::string wrong;
  for (const auto& text : all) {
    const size_t at = text.find("{}");
    if (at == std::string::npos || text.find("{}", at + 2) != std::string::npos) wrong += "\n  " + text;
  }
  if (!wrong.empty()) throw ConfigError("templates", "expected {{}} once, where the class name goes:{}", wrong);
  return all;
}

}  // namespace graft::engine
