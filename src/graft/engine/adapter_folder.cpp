#include "graft/engine/adapter_folder.h"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/data/dataset.h"
#include "graft/engine/tensor_file.h"

namespace graft::engine {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kConfig = "adapter_config.json";
constexpr const char* kTensors = "adapter_model.safetensors";
constexpr const char* kHead = "head.safetensors";

json describe(const data::Preprocessing& p) {
  const auto name = [](auto value) {
    for (const auto& [candidate, label] : choices(value)) {
      if (candidate == value) return label;
    }
    return std::string();
  };
  const auto crop = p.output();
  return {{"resize", {p.resize.height, p.resize.width}},
          {"resize_mode", name(p.resize_mode)},
          {"interpolation", name(p.interpolation)},
          {"crop", {crop.height, crop.width}},
          {"mean", p.mean},
          {"std", p.std}};
}

json read_config_json(const fs::path& folder) {
  const fs::path file = folder / kConfig;
  std::ifstream stream(file);
  if (!stream) {
    throw FileError("adapter",
                    "{} cannot be read: {} is no folder with an adapter, or its run has not finished (then: "
                    "--resume {}).",
                    file.string(), folder.string(), folder.string());
  }
  json config = json::parse(stream, nullptr, /*allow_exceptions=*/false);
  if (!config.is_object()) throw FileError("adapter", "{} is damaged: expected a JSON object.", file.string());
  return config;
}

AdapterInfo own_info(const json& graft) {
  const json& base = graft.at("base");
  AdapterInfo info;
  info.base = base.at("name");
  info.fingerprint = base.at("fingerprint");
  info.family = base.at("family");
  info.layout = base.at("layout");
  info.method = graft.at("method");
  info.method_options = graft.at("options").get<OptionValues>();
  option::parse("adapter", "classifier", graft.at("classifier").get<std::string>(), info.classifier);
  info.classes = graft.at("classes").get<std::vector<std::string>>();
  info.templates = graft.at("templates").get<std::vector<std::string>>();
  info.shots = graft.at("shots");
  info.train_size = graft.at("train_size");
  info.seed = graft.at("seed");
  info.precision = graft.at("precision");
  info.image_size = base.at("image_size");
  return info;
}

// An adapter that PEFT wrote says neither which weights it was trained on nor what the classes are.
AdapterInfo foreign_info(const json& config, const fs::path& folder) {
  const std::string type = config.value("peft_type", "");
  for (const methods::Entry* entry : methods::entries()) {
    if (entry->peft_type == nullptr || type != entry->peft_type || entry->from_peft == nullptr) continue;
    AdapterInfo info;
    info.base = config.value("base_model_name_or_path", "");
    info.method = entry->name;
    return info;
  }
  throw ModelError("adapter", "{}: graft has no method for PEFT's '{}'.", (folder / kConfig).string(), type);
}

// Class names as prompts say them.
std::vector<std::string> prompt_names(const AdapterInfo& info) {
  std::vector<std::string> names;
  for (const auto& name : info.classes)
    names.push_back(data::prompt_name(name));
  return names;
}

std::shared_ptr<models::Classifier> build_head(const methods::Method& method, const methods::Problem& problem,
                                               const AdapterInfo& info, Random& random) {
  const auto classes = static_cast<int64_t>(info.classes.size());
  const int64_t width = problem.model->reader().width(method.features_at(*problem.model));
  const auto init = method.recipe(problem).head_init;
  if (init != models::HeadInit::class_text) {
    return std::make_shared<models::LinearClassifier>(width, classes, init, random);
  }
  if (!problem.model->has_text()) {
    throw ModelError("adapt", "a head that starts as the class prompts needs a model that reads text; {} does not.",
                     problem.model->info().source);
  }
  const torch::NoGradGuard no_grad;
  models::PromptClassifier prompts(problem.model, prompt_names(info), info.templates);
  nn::Context context;
  auto head = std::make_shared<models::LinearClassifier>(width, classes, init, random);
  head->weight.copy_(prompts.class_weights(context) * prompts.scale());
  return head;
}

std::shared_ptr<models::Classifier> build_prompts(const methods::Method& method, const methods::Problem& problem,
                                                  const AdapterInfo& info) {
  if (!problem.model->has_text()) {
    throw ModelError("adapt", "class prompts need a model that reads text; {} does not. Use --classifier linear.",
                     problem.model->info().source);
  }
  const int64_t words = method.learned_words(problem);
  return std::make_shared<models::PromptClassifier>(problem.model, prompt_names(info), info.templates, words,
                                                    method.word_position());
}

// A linear head's tensors; none for class prompts.
NamedTensors head_tensors(const models::Classifier& classifier) {
  const auto* head = dynamic_cast<const models::LinearClassifier*>(&classifier);
  return head ? NamedTensors{{"weight", head->weight}, {"bias", head->bias}} : NamedTensors{};
}

// What does not fit, a line each.
std::string assign_head(const models::Classifier& classifier, const fs::path& file) {
  const torch::NoGradGuard no_grad;
  const auto wanted = head_tensors(classifier);
  if (wanted.empty()) return {};
  const auto found = read_tensors(file);
  std::string wrong;
  for (const auto& [name, tensor] : wanted) {
    const auto it = found.find(name);
    if (it == found.end()) {
      wrong += fmt::format("\n  head.{}: missing", name);
    } else if (it->second.sizes() != tensor.sizes()) {
      wrong += fmt::format("\n  head.{}: shape [{}], expected [{}]", name, fmt::join(it->second.sizes(), ", "),
                           fmt::join(tensor.sizes(), ", "));
    } else {
      tensor.detach().copy_(it->second);
    }
  }
  for (const auto& [name, tensor] : found) {
    if (!wanted.contains(name)) wrong += fmt::format("\n  head.{}: unexpected", name);
  }
  return wrong;
}

}  // namespace

Adapted build_adapted(std::shared_ptr<models::Model> model, std::unique_ptr<methods::Method> method,
                      const AdapterInfo& info, const std::function<void(const methods::Adaptation&)>& attached) {
  Adapted adapted;
  adapted.problem = {model, info.classes, info.shots, info.train_size};
  Random random = Random(static_cast<uint64_t>(info.seed)).fork("start");
  Random head_random = random.fork("head");
  adapted.classifier = info.classifier == methods::ClassifierKind::prompts
                           ? build_prompts(*method, adapted.problem, info)
                           : build_head(*method, adapted.problem, info, head_random);
  adapted.adaptation = method->attach(adapted.problem, *adapted.classifier, random);
  if (attached) attached(adapted.adaptation);
  adapted.parameters = methods::install(adapted.adaptation, *model, *adapted.classifier);
  adapted.model = std::move(model);
  adapted.method = std::move(method);
  return adapted;
}

int64_t save_adapter(const fs::path& folder, const Adapted& adapted, const AdapterInfo& info) {
  write_tensors(folder / kTensors, adapted.method->to_disk(*adapted.model, adapted.adaptation), {{"format", "pt"}});
  const auto head = head_tensors(*adapted.classifier);
  if (!head.empty()) write_tensors(folder / kHead, head, {{"format", "pt"}});
  const auto& model = adapted.model->info();
  json config = adapted.method->peft_config(*adapted.model, adapted.adaptation);
  config["base_model_name_or_path"] = info.base;
  config["graft"] = {{"version", 1},
                     {"method", info.method},
                     {"options", info.method_options},
                     {"classifier", option::print(info.classifier)},
                     {"classes", info.classes},
                     {"templates", info.templates},
                     {"shots", info.shots},
                     {"train_size", info.train_size},
                     {"seed", info.seed},
                     {"precision", info.precision},
                     {"base",
                      {{"name", info.base},
                       {"fingerprint", model.fingerprint},
                       {"family", model.family},
                       {"layout", model.layout},
                       {"description", model.description},
                       {"image_size", info.image_size},
                       {"preprocessing", describe(model.preprocessing)}}}};
  const std::string text = config.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  write_file_atomically(folder / kConfig, text);
  auto bytes = static_cast<int64_t>(text.size()) + static_cast<int64_t>(fs::file_size(folder / kTensors));
  if (!head.empty()) bytes += static_cast<int64_t>(fs::file_size(folder / kHead));
  return bytes;
}

AdapterInfo read_adapter_info(const fs::path& folder) {
  const json config = read_config_json(folder);
  try {
    return config.contains("graft") ? own_info(config.at("graft")) : foreign_info(config, folder);
  } catch (const json::exception& error) {
    throw FileError("adapter", "{} is damaged: {}.", (folder / kConfig).string(), error.what());
  }
}

Adapted load_adapter(const fs::path& folder, std::shared_ptr<models::Model> model, bool force_base) {
  AdapterInfo info = read_adapter_info(folder);
  if (info.foreign()) {
    info.method_options = methods::find_entry(info.method).from_peft(read_config_json(folder), *model);
    // A classifier that nobody asks; with class prompts an adapter may sit in the text tower too.
    if (model->has_text()) {
      info.classifier = methods::ClassifierKind::prompts;
      info.classes = {"photo"};
      info.templates = {"a {}"};
    }
  } else if (info.fingerprint != model->info().fingerprint && !force_base) {
    throw ModelError("adapter",
                     "{} was trained on {} (fingerprint {}...), got {} ({}...). Nothing was loaded. "
                     "--force-base if you know better.",
                     folder.string(), info.base, info.fingerprint.substr(0, 8), model->info().source,
                     model->info().fingerprint.substr(0, 8));
  }
  Adapted adapted = build_adapted(std::move(model), methods::make_method(info.method, info.method_options), info);
  const std::string wrong_head = info.foreign() ? std::string() : assign_head(*adapted.classifier, folder / kHead);
  try {
    adapted.method->from_disk(*adapted.model, read_tensors(folder / kTensors), adapted.adaptation);
  } catch (const ModelError& error) {
    if (wrong_head.empty()) throw;
    throw ModelError("adapter", "{} does not fit:{}\n  and {}", folder.string(), wrong_head, error.what());
  }
  if (!wrong_head.empty()) {
    throw ModelError("adapter", "{} does not fit {}:{}", folder.string(), adapted.model->info().source, wrong_head);
  }
  if (auto* prompts = dynamic_cast<models::PromptClassifier*>(adapted.classifier.get())) prompts->forget();
  return adapted;
}

}  // namespace graft::engine
