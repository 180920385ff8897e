#include "graft/pipelines/language/adapter.h"

#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/io/json_object.h"
#include "graft/methods/entry.h"
#include "graft/methods/foreign.h"
#include "graft/nn/tensor_file.h"
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

void save_adapter(const fs::path& folder, const methods::Adapted& adapted) {
  auto& model = *adapted.model;
  auto config = adapted.method->peft_config(model, adapted.adaptation);
  config["task_type"] = "CAUSAL_LM";
  config["graft"] = {{"version", kAdapterVersion},
                     {"task", "next-token"},
                     {"method", adapted.method->name()},
                     {"options", adapted.method->config()},
                     {"fingerprint", model.info().fingerprint}};
  nn::write_tensors(folder / kTensorFile, adapted.method->to_disk(model, adapted.adaptation));
  write_file_atomically(folder / kConfigFile, config.dump(2) + "\n");
}

methods::Adapted load_adapter(const fs::path& folder, std::shared_ptr<models::Model> model, Reporter& report) {
  const auto config = io::JsonObject::read(folder / kConfigFile);
  if (!config) throw FileError("adapter", "{} holds no {}: expected an adapter.", folder.string(), kConfigFile);
  const auto tensors = nn::read_tensors(folder / kTensorFile);
  if (const auto own = config->find_object("graft")) {
    if (const auto task = own->get<std::string>("task", ""); task != "next-token") {
      throw ModelError("adapter", "{} tells something else than the next token{}.", folder.string(),
                       task.empty() ? "" : ": " + task);
    }
    if (own->get<std::string>("fingerprint", "") != model->info().fingerprint) {
      throw ModelError("adapter", "{} was trained on other weights than {}'s. Name the model that it was made for.",
                       folder.string(), model->info().source);
    }
    OptionValues options;
    const auto said = own->object("options");
    for (const auto& name : said.keys())
      options[name] = said.get<std::string>(name, "");
    auto adapted = adapt_decoder(model, own->need<std::string>("method"), options, /*seed=*/1);
    adapted.method->from_disk(*model, tensors, adapted.adaptation);
    return adapted;
  }
  const auto type = config->get<std::string>("peft_type", "");
  for (const auto* entry : methods::entries()) {
    if (entry->peft_type == nullptr || type != entry->peft_type || entry->from_peft == nullptr) continue;
    auto foreign = entry->from_peft(*config, tensors, *model);
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
  throw ModelError("adapter", "{}: peft_type = \"{}\", which graft does not put on a language model.", config->file(),
                   type);
}

}  // namespace graft::pipelines::language
