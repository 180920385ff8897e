#include "graft/pipelines/merge_adapters.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/partial_folder.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/named_adapter.h"
#include "graft/engine/run_data.h"
#include "graft/engine/session.h"
#include "graft/methods/entry.h"
#include "graft/models/feature_model.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;

// A run that is merged: what its folder says, and what it holds.
struct Part {
  std::string name;  // as the user named it
  fs::path folder;
  double weight = 1;
  engine::AdapterInfo info;
  std::optional<methods::Adapted> adapted = {};
};

fs::path output_of(const MergeOptions& options) {
  const auto output = fs::absolute(options.output).lexically_normal();
  return output.has_filename() ? output : output.parent_path();
}

void refuse_output(const MergeOptions& options, const std::vector<Part>& parts) {
  const auto output = output_of(options);
  std::error_code ignored;
  for (const auto& part : parts) {
    if (fs::equivalent(output, part.folder, ignored))
      throw ConfigError("merge", "--output {} is one of the runs. Choose another folder.", options.output);
  }
  PartialFolder::check_output("merge", options.output, options.force);
}

std::vector<Part> read_parts(const std::vector<std::string>& runs) {
  std::vector<Part> parts;
  for (const auto& run : runs) {
    const auto named = engine::named_adapter(run);
    Part part{.name = run, .folder = named.folder, .weight = named.scale, .info = {}};
    part.info = engine::read_adapter_info(named.folder);
    const auto& first = parts.empty() ? part.info : parts.front().info;
    if (part.info.merged)
      throw ConfigError("merge", "{} is folded already: it is a model by itself, and no adapter.", run);
    if (part.info.family == models::kFeatureFamily)
      throw ModelError("merge", "{} was trained on features: there is no model that it changes.", run);
    if (!part.info.text_model.empty()) {
      throw ModelError("merge", "{} was trained on two models, {} and {}. Adapters of one are merged.", run,
                       part.info.base, part.info.text_model);
    }
    if (part.info.method.find('+') != std::string::npos || methods::find_entry(part.info.method).combine == nullptr)
      throw ModelError("merge", "{} is of {}: adapters of lora alone are merged with one another.", run,
                       part.info.method);
    if (!part.info.block.empty())
      throw ModelError("merge", "{} has plug-ins in the network ({}), which do not add.", run, part.info.block);
    if (part.info.task != first.task)
      throw ModelError("merge", "{} is of {}, and {} of {}: runs of one task are merged.", runs.front(), first.task,
                       run, part.info.task);
    parts.push_back(std::move(part));
  }
  return parts;
}

bool has_classifier(const Part& part) {
  return part.adapted->headless.empty() && (!part.info.foreign() || !part.info.classes.empty());
}

// The head of the first, with the numbers of all, and its classes; nothing, and why, where they have none in common.
struct CommonHead {
  std::shared_ptr<models::Head> head;
  std::vector<std::string> classes;
  std::string text;
};
CommonHead common_head(const std::vector<Part>& parts) {
  const auto& first = parts.front();
  for (const auto& part : parts) {
    if (!has_classifier(part)) return {nullptr, {}, fmt::format("none: {} has none", part.name)};
    if (part.info.classifier != first.info.classifier || part.info.templates != first.info.templates)
      return {nullptr, {}, fmt::format("none: {} and {} tell classes in other ways", first.name, part.name)};
  }
  CommonHead common{first.adapted->head, first.info.classes, ""};
  if (first.adapted->head->named_parameters().is_empty()) {
    for (const auto& part : parts) {
      for (const auto& name : part.info.classes) {
        if (std::ranges::find(common.classes, name) == common.classes.end()) common.classes.push_back(name);
      }
    }
    common.text = fmt::format("class prompts of {} classes", common.classes.size());
    return common;
  }
  double sum = 0;
  for (const auto& part : parts) {
    sum += part.weight;
    if (part.info.classes != first.info.classes || part.info.outputs != first.info.outputs)
      return {nullptr, {}, fmt::format("none: {} and {} have linear heads of other classes", first.name, part.name)};
  }
  if (sum == 0) return {nullptr, {}, "none: weights that add to 0 have no mean of the linear heads"};
  const torch::NoGradGuard no_grad;
  for (const auto& parameter : common.head->named_parameters()) {
    auto mean = torch::zeros_like(parameter.value());
    for (const auto& part : parts)
      mean += (part.weight / sum) * part.adapted->head->named_parameters()[parameter.key()].detach();
    parameter.value().detach().copy_(mean);
  }
  common.text = fmt::format("the mean of {} linear heads, by the weights", parts.size());
  return common;
}

// Of what changes only texts nothing would be seen where no text is read.
bool leave_texts(methods::Adaptation& adaptation, const models::Model& model) {
  return std::erase_if(adaptation.bindings, [&](const methods::Binding& binding) {
           return model.tower_of(binding.sites.front()) != model.reader().name();
         }) > 0;
}

engine::AdapterInfo info_of(const std::vector<Part>& parts, const methods::Method& method, const CommonHead& common,
                            const engine::ModelOptions& model_options, const models::Model& model) {
  auto info = parts.front().info;
  info.base = model_options.model;
  info.method = method.name();
  info.method_options = method.config();
  info.classes = common.classes;
  if (common.head->named_parameters().is_empty()) info.outputs = 0;
  info.classes_made_up = info.classes_made_up && common.classes == parts.front().info.classes;
  if (model.reader().name() == nn::Tower::vision) info.image_size = model.info().preprocessing.output().height;
  if (info.precision.empty()) info.precision = "auto";
  return info;
}

}  // namespace

MergedAdapter merge_adapters(const std::vector<std::string>& runs, const MergeOptions& options,
                             const engine::Host& host, Reporter& report) {
  if (options.output.empty()) throw UsageError("merge", "where to? Give --output a folder.");
  methods::check(options.algebra);
  auto parts = read_parts(runs);
  refuse_output(options, parts);
  engine::ModelOptions wanted = model_of_run(parts.front().info, options.model, report);
  const auto named = wanted;
  wanted.precision = "fp32";  // only names and shapes are asked for
  const auto model = engine::open_model(wanted, host, report);
  for (auto& part : parts)
    part.adapted = engine::load_adapter(part.folder, model, report, options.force_base);
  const auto common = common_head(parts);
  std::vector<methods::WeightedAdapter> weighted;
  for (auto& part : parts) {
    weighted.push_back({part.name, part.adapted->adaptation, part.weight});
    if (common.head && !common.head->reads_texts() && leave_texts(weighted.back().adaptation, *model))
      report.note({.text = fmt::format("{}: its updates of the text tower are left out: a linear head reads no text",
                                       part.name)});
  }
  auto combined = methods::find_entry(parts.front().info.method).combine(weighted, options.algebra, *model);
  MergedAdapter merged;
  merged.folder = options.output;
  merged.maps = static_cast<int64_t>(combined.adaptation.bindings.size());
  merged.rank = std::stoll(combined.method->config().at("rank"));
  merged.classes = common.classes;
  merged.head = common.text;

  PartialFolder partial("merge", output_of(options));
  auto head = common.head ? common.head : parts.front().adapted->head;
  auto setting = parts.front().adapted->setting;
  const auto adapted = methods::assemble(std::move(setting), std::move(combined.method), std::move(head),
                                         std::move(combined.adaptation));
  if (common.head) {
    engine::save_adapter(partial.path(), adapted, info_of(parts, *adapted.method, common, named, *model));
  } else {
    engine::save_without_head(partial.path(), adapted, named.model);
    report.note({.text = fmt::format("what is written has no classifier ({})", common.text.substr(6))});
  }
  engine::load_adapter(partial.path(), model, report, options.force_base);  // that it is read
  std::error_code ignored;
  for (const char* earlier : {"head.safetensors", "blocks.safetensors"})
    fs::remove(partial.output() / earlier, ignored);
  partial.commit();
  std::vector<std::string> names;
  for (const auto& part : parts)
    names.push_back(part.name);
  report.line("merged",
              fmt::format("{}  {} of {} · {} maps at rank {}", options.output, option::print(options.algebra.combine),
                          fmt::join(names, ", "), merged.maps, merged.rank));
  report.line("head", merged.head);
  return merged;
}

}  // namespace graft::pipelines
