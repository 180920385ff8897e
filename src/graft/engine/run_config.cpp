#include "graft/engine/run_config.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "graft/core/hash.h"
#include "graft/models/model_reading.h"

namespace graft::engine {
namespace {

void make_absolute(std::string& path) {
  namespace fs = std::filesystem;
  if (!path.empty() && fs::exists(path)) path = fs::absolute(path).lexically_normal().string();
}

// An option that came to be later, and its value where nobody set it.
struct Later {
  std::string_view name;
  std::vector<std::string> untouched = {""};
};

const std::vector<Later> kBeforeStudies = {
    {"max-length"}, {"text-column"}, {"pair-column"}, {"label-kind"}, {"label-separator"}};
const std::vector<Later> kSinceStudies = {
    {"steps", {"", "0"}},
    {"mix"},
    {"group-by", {option::print(data::Grouping::none)}},
    {"from-scratch", {option::print(false)}},
    {"batch-statistics"},
    {"block"},
    {"caption-column"},
    {"text-model"},
    {"decoder"},
    {"output-stride"},
    {"teacher"},
    {"distil"},
    {"teacher-reads"},
    {"teacher-shuffle", {option::print(false)}},
    {"attention-from"},
    {"freeze"},
    {"unsplit"},
    {"group-column"},
    {"group-dro"},
    {"aux-loss"},
    {"balance", {option::print(data::Balance::none)}},
    {"task"},
    {"form"},
    {"place"},
    {"composition"},
    {"nonlinearity"},
    {"drop-path"},
    {"phm"},
    {"last-blocks"},
    {"layer-decay"},
    {"dora", {option::print(false)}},
    {"b-rate", {option::print(1.0)}},
    {"start", {"plain"}},
    {"target-modules"},
    {"exclude-modules"},
    {"layers"},
    {"rank-pattern"},
    {"alpha-pattern"},
};

bool is_untouched(const std::vector<Later>& options, const std::string& name, const std::string& value) {
  return std::ranges::any_of(options, [&](const Later& later) {
    return later.name == name && std::ranges::find(later.untouched, value) != later.untouched.end();
  });
}

}  // namespace

bool is_place(const std::string& option) {
  constexpr std::string_view kPlaces[] = {"model", "text-model", "attention-from", "teacher",
                                          "data",  "classes",    "labels"};
  return std::find(std::begin(kPlaces), std::end(kPlaces), option) != std::end(kPlaces);
}

bool is_absent(const std::string& name, const std::string& value) {
  return is_untouched(kBeforeStudies, name, value) || is_untouched(kSinceStudies, name, value);
}

bool is_absent_in_studies(const std::string& name, const std::string& value) {
  return is_untouched(kSinceStudies, name, value);
}

std::string in_words_of_studies(const std::string& option, const std::string& value) {
  if (option == "loss" && value.empty()) return "cross-entropy";
  // An adapter's, before a variant could have its own.
  if (option == "input" && value.empty()) return "norm";
  if (option == "init-std" && value.empty()) return "0.001";
  if (option == "dropout" && value.empty()) return "0";
  const bool target = option == "target" || option.ends_with(".target");
  if (target && value == "q,v,conv*") return "q,v";  // before convolutions were sites
  return value;
}

OptionValues run_config(AdaptOptions options, const OptionValues& method_options, const methods::Recipe& recipe,
                        const AdapterInfo& info, models::HeadInit head_init) {
  make_absolute(options.model.model);
  make_absolute(options.model.text_model);
  make_absolute(options.model.told.attention_from);
  make_absolute(options.teacher.teacher);
  make_absolute(options.data.data);
  make_absolute(options.data.dataset.classes);
  make_absolute(options.data.dataset.labels);
  options.model.precision = info.precision;
  options.data.exif = options.data.exif.value_or(data::Exif::keep);
  options.classifier.reset();
  if (info.classifier != models::HeadKind::own) options.classifier = info.classifier;
  if (info.classifier == models::HeadKind::prompts || head_init == models::HeadInit::class_text) {
    options.templates = fmt::format("{}", fmt::join(info.templates, "\n"));
  }
  options.templates_file.clear();
  options.output.clear();
  options.resume.clear();
  options.force = false;
  static_cast<methods::RecipeChanges&>(options.train) = methods::all_of(recipe);
  if (recipe.schedule == methods::ScheduleKind::coop) options.train.warmup_epochs.reset();  // it has its own
  return resolved({options, method_options});
}

bool may_change(const std::string& option) {
  constexpr std::string_view kFree[] = {"workers",          "threads",     "cache",     "keep",
                                        "checkpoint-every", "on-bad-file", "recompute", "memory"};
  return std::find(std::begin(kFree), std::end(kFree), option) != std::end(kFree);
}

std::string RunIdentity::hex() const {
  Hash hash;
  hash.add(options).add(model).add(classes);
  for (const auto* photos : {&train, &val, &test})
    hash.add(photos->hash);
  if (!teacher.empty()) hash.add(teacher);
  return hash.hex();
}

RunIdentity run_identity(OptionValues config, const models::ModelInfo& model, const data::Dataset& data,
                         const Sources& source_of) {
  // A constant rate does not know how many epochs are to come.
  if (config["schedule"] == option::print(methods::ScheduleKind::constant)) config.erase("epochs");
  RunIdentity identity;
  Hash options;
  for (const auto& [name, value] : config) {
    if (!may_change(name) && !is_place(name) && !is_absent(name, value)) options.add(name).add(value);
  }
  identity.options = options.hex();
  identity.model = Hash().add(model.fingerprint).add(models::reading_of(model)).hex();
  Hash classes;
  for (const auto& name : data.classes)
    classes.add(name);
  identity.classes = classes.hex();
  const auto examples = [&](data::Split split) {
    const auto& source = source_of(split);
    Hash hash;
    for (int64_t i = 0; i < source.size(); ++i) {
      hash.add(source.content(i)).add(std::to_string(source.label(i)));
      hash.add(std::as_bytes(source.values(i)));
      if (const auto caption = source.caption(i); !caption.empty()) hash.add(std::as_bytes(caption));
      if (const auto told = source.told(i); !told.empty()) hash.add(told);
      if (const auto group = source.group(i); !group.empty()) hash.add(group);
    }
    // A caption that is not asked stands beside a class, for a teacher.
    const bool beside = data.reads != data::Reads::text && data.target != data::Target::caption;
    for (const auto& sample : data.split(split))
      if (beside && !sample.pair.empty()) hash.add(sample.pair);
    return RunIdentity::Photos{source.size(), hash.hex()};
  };
  identity.train = examples(data::Split::train);
  identity.val = examples(data::Split::val);
  identity.test = examples(data::Split::test);
  return identity;
}

std::string identity_by_names(OptionValues config, const std::string& fingerprint, const data::Dataset& data) {
  Hash hash;
  for (const auto& [name, value] : config) {
    if (!may_change(name) && !is_place(name) && !is_absent(name, value)) hash.add(name).add(value);
  }
  hash.add(fingerprint);
  for (const auto& name : data.classes)
    hash.add(name);
  for (const auto& sample : data.train)
    hash.add(sample.input).add(std::to_string(sample.label));
  return hash.hex();
}

}  // namespace graft::engine
