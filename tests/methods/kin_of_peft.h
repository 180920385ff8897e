// An adapter that PEFT wrote for the small Llama, with what PEFT computes with it (tests/golden/make/
// methods_lora_family.py).
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "graft/io/json_object.h"
#include "graft/io/model_folder.h"
#include "graft/methods/adapted.h"
#include "graft/methods/entry.h"
#include "graft/methods/foreign.h"
#include "graft/models/decoder/decoder.h"
#include "tests/methods/golden.h"

namespace graft::methods {

inline std::shared_ptr<models::Model> small_llama_of_peft() {
  return models::load_model(io::ModelFolder::at(source_dir() / "tests/golden/models/decoder_llama"), {});
}

struct OnKin {
  explicit OnKin(const std::string& name)
      : folder(golden_path("kin_" + name + "/")), expected(read_tensors(folder + "expected.safetensors")) {
    const auto config = *io::JsonObject::read(folder + "adapter_config.json");
    const auto type = config.get<std::string>("peft_type", "");
    for (const auto* entry : entries()) {
      if (entry->peft_type == nullptr || type != entry->peft_type) continue;
      foreign = entry->from_peft(config, read_tensors(folder + "adapter_model.safetensors"), *model);
    }
    Random random(1);
    models::LinearHead head(12, 2, models::HeadInit::zero, random);  // a method stands before some head
    install(foreign.adaptation, *model, head);
  }

  at::Tensor logits() const {
    const auto& decoder = dynamic_cast<const models::decoder::Decoder&>(model->reader());
    return decoder.logits(decoder.hidden(nn::Value{expected.at("ids")}, {}));
  }

  double logits_error() const {
    const torch::NoGradGuard no_grad;
    return error(logits(), expected.at("logits"));
  }

  // Of every parameter of every insert beside PEFT's; how many were compared. `theirs`: PEFT's word for a parameter.
  int64_t check_gradients(const std::function<std::string(const std::string&)>& theirs) const {
    for (const auto& binding : foreign.adaptation.bindings)
      binding.insert->zero_grad();
    (logits() * expected.at("weights")).sum().backward();
    int64_t count = 0;
    for (const auto& binding : foreign.adaptation.bindings) {
      const auto module = checkpoint_path(*model, binding.sites.front());
      for (const auto& parameter : binding.insert->named_parameters()) {
        const auto key = "gradient.base_model.model." + module + "." + theirs(parameter.key());
        EXPECT_TRUE(expected.contains(key)) << key;
        if (!expected.contains(key)) continue;
        EXPECT_LT(error(parameter.value().grad(), expected.at(key)), 1e-4) << key;
        ++count;
      }
    }
    return count;
  }

  // What is written equals what PEFT wrote, tensor for tensor.
  void check_file() const {
    const auto theirs = read_tensors(folder + "adapter_model.safetensors");
    const auto ours = foreign.method->to_disk(*model, foreign.adaptation);
    EXPECT_EQ(ours.size(), theirs.size());
    for (const auto& [name, tensor] : ours) {
      EXPECT_TRUE(theirs.contains(name)) << name;
      if (theirs.contains(name)) {
        EXPECT_TRUE(torch::equal(tensor, theirs.at(name))) << name;
      }
    }
  }

  static double error(const at::Tensor& a, const at::Tensor& b) {
    return (a - b).abs().max().item<double>() / b.abs().max().item<double>();
  }

  std::string folder;
  std::map<std::string, at::Tensor> expected;
  std::shared_ptr<models::Model> model = small_llama_of_peft();
  ForeignAdapter foreign;
};

}  // namespace graft::methods
