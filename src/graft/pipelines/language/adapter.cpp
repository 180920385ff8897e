#include "graft/pipelines/language/adapter.h"

#include <torch/types.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/io/json_object.h"
#include "graft/methods/entry.h"
#include "graft/methods/foreign.h"
#include "graft/methods/lora/lora.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/language/gguf_lora.h"
#include "graft/tensor/resting.h"

namespace graft::pipelines::language {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfigFile = "adapter_config.json";
constexpr const char* kTensorFile = "adapter_model.safetensors";
constexpr int64_t kAdapterVersion = 1;  // of the "graft" object

// The model's own head tells the tokens; there is no other.
class NoHead final : public models::Head {
 public:
  explicit NoHead(int64_t width) : Head(width, 1) {}

 protected:
  at::Tensor frozen(const at::Tensor& features, nn::Context&) const override { return features; }
};

methods::Setting setting_of(std::shared_ptr<models::Model> model) {
  methods::Setting setting;
  setting.outputs = 1;
  setting.model = std::move(model);
  return setting;
}

methods::Adapted assembled(std::shared_ptr<models::Model> model, std::unique_ptr<methods::Method> method,
                           methods::Adaptation adaptation) {
  auto head = std::make_shared<NoHead>(decoder_of(*model).settings().width);
  return methods::assemble(setting_of(std::move(model)), std::move(method), std::move(head), std::move(adaptation));
}

}  // namespace

const models::decoder::Decoder& decoder_of(const models::Model& model) {
  const auto* decoder = dynamic_cast<const models::decoder::Decoder*>(&model.reader());
  if (!decoder) {
    throw ModelError("lm", "{} ({}) is no language model that tells the next token.", model.info().source,
                     model.info().description);
  }
  return *decoder;
}

methods::Adapted adapt_decoder(std::shared_ptr<models::Model> model, const std::string& method,
                               const OptionValues& options, uint64_t seed) {
  const auto width = decoder_of(*model).settings().width;
  methods::BuildOptions build;
  build.seed = seed;
  build.make_head = [width](const methods::Setting&, const methods::HeadWish&, Random&) {
    return std::make_shared<NoHead>(width);
  };
  return methods::build_adapted(setting_of(std::move(model)), methods::make_method(method, options), build);
}

void save_peft(const fs::path& folder, const methods::Adapted& adapted) {
  auto& model = *adapted.model;
  if (methods::find_entry(adapted.method->name()).peft_type == nullptr)
    throw ModelError("lm export", "PEFT has no '{}'. --to gguf writes the whole model with what was learned in it.",
                     adapted.method->name());
  if (!adapted.adaptation.trained.empty())
    throw ModelError("lm export", "this adapter also changes {}, which graft does not write for PEFT.",
                     adapted.adaptation.trained.front());
  auto config = adapted.method->peft_config(model, adapted.adaptation);
  config["task_type"] = "CAUSAL_LM";
  nn::write_tensors(folder / kTensorFile, adapted.method->to_disk(model, adapted.adaptation));
  write_file_atomically(folder / kConfigFile, config.dump(2) + "\n");
}

void save_adapter(const fs::path& folder, const methods::Adapted& adapted) {
  auto& model = *adapted.model;
  auto config = adapted.method->peft_config(model, adapted.adaptation);
  config["task_type"] = "CAUSAL_LM";
  config["base_model_name_or_path"] = model.info().source;
  config["graft"] = {{"version", kAdapterVersion},
                     {"task", "next-token"},
                     {"method", adapted.method->name()},
                     {"options", adapted.method->config()},
                     {"fingerprint", model.info().fingerprint}};
  nn::write_tensors(folder / kTensorFile, adapted.method->to_disk(model, adapted.adaptation));
  write_file_atomically(folder / kConfigFile, config.dump(2) + "\n");
}

namespace {

// What PEFT's configuration and tensors say.
methods::Adapted of_peft(const io::JsonObject& config, const nn::NamedTensors& tensors,
                         const std::shared_ptr<models::Model>& model, Reporter& report) {
  const auto type = config.get<std::string>("peft_type", "");
  for (const auto* entry : methods::entries()) {
    if (entry->peft_type == nullptr || type != entry->peft_type || entry->from_peft == nullptr) continue;
    auto foreign = entry->from_peft(config, tensors, *model);
    for (const auto& note : foreign.notes)
      report.note(note);
    auto adapted = assembled(model, std::move(foreign.method), std::move(foreign.adaptation));
    const torch::NoGradGuard no_grad;
    for (auto& parameter : model->named_parameters()) {
      const auto found = foreign.parameters.find(parameter.key());
      if (found == foreign.parameters.end()) continue;
      auto own = parameter.value();
      tensor::wake(own);
      own.copy_(found->second);
    }
    return adapted;
  }
  throw ModelError("adapter", "{}: peft_type = \"{}\", which graft does not put on a language model.", config.file(),
                   type);
}

io::JsonObject config_of(const fs::path& folder) {
  auto config = io::JsonObject::read(folder / kConfigFile);
  if (!config)
    throw FileError("adapter",
                    "{} holds no {}: expected a run of `graft lm train`, a folder of PEFT's, or a GGUF LoRA.",
                    folder.string(), kConfigFile);
  return std::move(*config);
}

}  // namespace

methods::Adapted load_adapter(const fs::path& path, std::shared_ptr<models::Model> model, Reporter& report) {
  if (is_gguf_lora(path)) {
    const auto peft = read_gguf_lora(path, *model);
    for (const auto& note : peft.notes)
      report.note(note);
    return of_peft(peft.config, peft.tensors, model, report);
  }
  const auto config = config_of(path);
  const auto tensors = nn::read_tensors(path / kTensorFile);
  const auto own = config.find_object("graft");
  if (!own) return of_peft(config, tensors, model, report);
  if (const auto task = own->get<std::string>("task", ""); task != "next-token") {
    throw ModelError("adapter", "{} tells something else than the next token{}.", path.string(),
                     task.empty() ? "" : ": " + task);
  }
  if (own->get<std::string>("fingerprint", "") != model->info().fingerprint) {
    throw ModelError("adapter", "{} was trained on other weights than {}'s. Name the model that it was made for.",
                     path.string(), model->info().source);
  }
  OptionValues options;
  const auto said = own->object("options");
  for (const auto& name : said.keys())
    options[name] = said.get<std::string>(name, "");
  auto adapted = adapt_decoder(model, own->need<std::string>("method"), options, /*seed=*/1);
  adapted.method->from_disk(*model, tensors, adapted.adaptation);
  return adapted;
}

NamedAdapter named_adapter(const std::string& text) {
  const auto colon = text.rfind(':');
  std::error_code unknown;
  if (colon == text.npos || fs::exists(text, unknown)) return {text};
  NamedAdapter named{text.substr(0, colon)};
  const auto* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + colon + 1, end, named.factor);
  if (error != std::errc{} || stopped != end || !std::isfinite(named.factor)) return {text};
  return named;
}

methods::Adapted load_adapter(const NamedAdapter& named, std::shared_ptr<models::Model> model, Reporter& report) {
  auto adapted = load_adapter(named.path, std::move(model), report);
  report.line("adapter", fmt::format("{} · {}{}", named.path.string(), adapted.method->name(),
                                     named.factor == 1 ? "" : fmt::format(", its change times {}", named.factor)));
  if (named.factor == 1) return adapted;
  const torch::NoGradGuard no_grad;
  bool plain = adapted.adaptation.trained.empty();
  for (const auto& binding : adapted.adaptation.bindings) {
    const auto* branch = dynamic_cast<const methods::lora::Branch*>(binding.insert.get());
    plain = plain && branch != nullptr && branch->is_low_rank();
    if (plain) at::Tensor(branch->b()).mul_(named.factor);
  }
  if (!plain)
    throw ModelError("adapter", "{}:{}: a factor is for plain LoRA, and this is {}. Leave ':{}' out.",
                     named.path.string(), named.factor, adapted.method->name(), named.factor);
  return adapted;
}

std::string base_of_adapter(const fs::path& path) {
  auto base = is_gguf_lora(path) ? "" : config_of(path).get<std::string>("base_model_name_or_path", "");
  if (base.empty()) throw UsageError("adapter", "{} does not say which model it is for: give --model.", path.string());
  return base;
}

}  // namespace graft::pipelines::language
