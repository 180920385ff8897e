#include "graft/methods/peft_prompts.h"

#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "graft/methods/disk.h"
#include "graft/tensor/on_cpu.h"

namespace graft::methods {

bool has_prompts_of_peft(const models::Model& model) {
  return model.info().family == "decoder";
}

nlohmann::json prompts_config(const char* peft_type, const models::Model& model, const PromptSizes& sizes) {
  return {{"peft_type", peft_type},
          {"peft_version", "0.21.2"},
          {"task_type", nullptr},
          {"base_model_name_or_path", model.info().source},
          {"inference_mode", true},
          {"num_virtual_tokens", sizes.tokens},
          {"token_dim", sizes.width},
          {"num_transformer_submodules", 1},
          {"num_attention_heads", sizes.heads},
          {"num_layers", sizes.layers}};
}

PeftFields with_prompts(PeftFields own) {
  using enum PeftField::Kind;
  PeftFields all = {{"num_virtual_tokens", read}, {"num_transformer_submodules", read, "1"},
                    {"token_dim", tensors},       {"num_attention_heads", tensors},
                    {"num_layers", tensors},      {"modules_to_save", refused}};
  for (auto& field : own) {
    std::erase_if(all, [&](const PeftField& common) { return std::string(common.name) == field.name; });
    all.push_back(field);
  }
  return with_common(std::move(all));
}

at::Tensor read_prompts(const char* method, const io::JsonObject& config, const PeftFields& fields,
                        const nn::NamedTensors& tensors, const models::Model& model, int64_t numbers) {
  if (!has_prompts_of_peft(model)) {
    throw ModelError(method, "{}: PEFT's {} are read for language models, and {} ({}) is none.", config.file(), method,
                     model.info().source, model.info().description);
  }
  const auto tokens = config.need<int64_t>("num_virtual_tokens");
  if (tokens < 1) config.refuse("num_virtual_tokens", "1 or more", &config.raw("num_virtual_tokens"));
  config.expect("num_transformer_submodules", {1});
  ignore_idle(config, fields);
  config.refuse_unread(method, "Write the adapter without it, or use PEFT.");
  const auto own = at::empty({tokens, numbers}, tensor::on_cpu(at::kFloat));
  copy_by_name(method, model, tensors, {{kPrompts, own}});
  return own;
}

}  // namespace graft::methods
