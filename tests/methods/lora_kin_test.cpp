// DoRA, PiSSA, OLoRA, and which modules get which rank, beside PEFT (tests/golden/make/methods_lora_family.py).
#include <gmock/gmock.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "graft/methods/lora/lora.h"
#include "graft/nn/foldable.h"
#include "graft/tensor/resting.h"
#include "tests/methods/kin_of_peft.h"
#include "tests/methods/sites_only.h"
#include "tests/methods/small_models.h"

namespace graft::methods {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const lora::Branch& branch_of(const Binding& binding) {
  return dynamic_cast<const lora::Branch&>(*binding.insert);
}

Adapted lora_on_llama(const OptionValues& options) {
  return under_linear_head(small_llama_of_peft(), "lora", options);
}

at::Tensor rows_of(const Adapted& adapted) {
  const torch::NoGradGuard no_grad;
  const auto& decoder = dynamic_cast<const models::decoder::Decoder&>(adapted.model->reader());
  return decoder.hidden(nn::Value{torch::arange(3, 12).view({1, 9})}, {});
}

std::string of_peft(const std::string& parameter) {
  return parameter == "a" ? "lora_A.weight" : parameter == "b" ? "lora_B.weight" : "lora_magnitude_vector.weight";
}

TEST(Dora, GivesWhatPeftGivesAndItsGradients) {
  const OnKin on("dora");
  EXPECT_LT(on.logits_error(), 1e-5);
  EXPECT_EQ(on.check_gradients(of_peft), 18);  // three maps of two blocks
}

TEST(Dora, IsWrittenAsPeftWroteIt) {
  const OnKin on("dora");
  on.check_file();
  const auto config = on.foreign.method->peft_config(*on.model, on.foreign.adaptation);
  EXPECT_EQ(config["use_dora"], true);
  EXPECT_EQ(config["rank_pattern"].size(), 2u);   // of down_proj
  EXPECT_EQ(config["alpha_pattern"].size(), 4u);  // of all but q_proj
}

TEST(Dora, StartsAsTheFrozenModelAndAddsALengthForEachOutput) {
  const auto with = lora_on_llama({{"dora", "true"}, {"rank", "3"}});
  const auto without = lora_on_llama({{"rank", "3"}});
  EXPECT_LT(OnKin::error(rows_of(with), rows_of(without)), 1e-6);
  EXPECT_EQ(with.trained_parameters() - without.trained_parameters(), 2 * (24 + 12));  // outputs of q and v
}

TEST(Dora, FoldsIntoTheWeight) {
  const OnKin on("dora");
  const torch::NoGradGuard no_grad;
  const auto beside = on.logits();
  for (const auto& module : on.model->modules()) {
    auto* map = dynamic_cast<nn::Foldable*>(module.get());
    if (!map || map->joint().empty()) continue;
    auto weight = tensor::numbers_of(map->weight()).clone();
    for (const auto& occupant : map->joint().occupants()) {
      const int64_t begin = occupant.begin, rows = occupant.whole() ? weight.size(0) : occupant.end - begin;
      const auto folded = occupant.insert->fold(weight.narrow(0, begin, rows), {});
      weight.narrow(0, begin, rows).copy_(folded->weight);
    }
    map->assign(weight, {});
  }
  on.model->clear_inserts();
  EXPECT_LT(OnKin::error(on.logits(), beside), 1e-5);
}

// The pair as PEFT starts it; singular vectors have no sign of their own, so that products are compared.
class TakenStart : public ::testing::TestWithParam<const char*> {};

TEST_P(TakenStart, IsPeftsAndLeavesTheModelAsItWas) {
  const auto start = read_tensors(golden_path(fmt::format("kin_{}/expected.safetensors", GetParam())));
  const auto built = lora_on_llama(
      {{"start", GetParam()}, {"rank", "3"}, {"alpha", "6"}, {"target-modules", "q_proj,v_proj,down_proj"}});
  ASSERT_EQ(built.adaptation.bindings.size(), 6u);
  for (const auto& binding : built.adaptation.bindings) {
    const auto key = "start.base_model.model." + checkpoint_path(*built.model, binding.sites.front());
    const auto theirs = start.at(key + ".lora_B.weight").mm(start.at(key + ".lora_A.weight"));
    const auto& branch = branch_of(binding);
    EXPECT_LT(OnKin::error(branch.b().mm(branch.a()), theirs), 1e-5) << key;
    EXPECT_LT(branch.whole_b().mm(branch.whole_a()).abs().max().item<double>(), 1e-6) << key;
  }
  EXPECT_LT(OnKin::error(rows_of(built), rows_of(lora_on_llama({}))), 1e-5);
}

TEST_P(TakenStart, IsWrittenAsAPlainAdapterOfTwiceTheRank) {
  const OptionValues options{{"start", GetParam()}, {"rank", "3"}};
  const auto built = lora_on_llama(options);
  {
    const torch::NoGradGuard no_grad;
    for (const auto& binding : built.adaptation.bindings) {
      for (auto& parameter : binding.insert->parameters())
        parameter.add_(0.1);
    }
  }
  const auto config = built.method->peft_config(*built.model, built.adaptation);
  EXPECT_EQ(config["r"], 6);
  EXPECT_EQ(config["lora_alpha"], 16);  // the scale stays
  const auto file = built.method->to_disk(*built.model, built.adaptation);
  EXPECT_EQ(file.at("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight").size(0), 6);
  auto again = lora_on_llama(options);
  again.method->from_disk(*again.model, file, again.adaptation);
  EXPECT_TRUE(torch::equal(rows_of(again), rows_of(built)));
  // As PEFT reads it: a plain adapter.
  const auto plain = small_llama_of_peft();
  const auto foreign = lora::entry.from_peft({config, "adapter_config.json"}, file, *plain);
  Random random(1);
  models::LinearHead head(12, 2, models::HeadInit::zero, random);
  install(foreign.adaptation, *plain, head);
  const torch::NoGradGuard no_grad;
  const auto& decoder = dynamic_cast<const models::decoder::Decoder&>(plain->reader());
  EXPECT_LT(OnKin::error(decoder.hidden(nn::Value{torch::arange(3, 12).view({1, 9})}, {}), rows_of(built)), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Lora, TakenStart, ::testing::Values("pissa", "olora"),
                         [](const auto& info) { return std::string(info.param); });

// Paths and ranks of what is adapted.
std::vector<std::string> adapted_by(const OptionValues& options) {
  std::vector<std::string> all;
  for (const auto& binding : lora_on_llama(options).adaptation.bindings)
    all.push_back(fmt::format("{} {}", binding.sites.front(), branch_of(binding).a().size(0)));
  return all;
}

TEST(LoraTargets, AreEndsOfNamesARegularExpressionOrAllLinear) {
  EXPECT_THAT(adapted_by({{"target-modules", "k_proj,layers.1.mlp.down_proj"}}),
              ElementsAre("text.blocks.0.attn.qkv.k 8", "text.blocks.1.attn.qkv.k 8", "text.blocks.1.mlp.down 8"));
  EXPECT_THAT(adapted_by({{"target-modules", R"(.*\.0\..*(gate|up)_proj)"}}),
              ElementsAre("text.blocks.0.mlp.gate_up.gate 8", "text.blocks.0.mlp.gate_up.up 8"));
  EXPECT_EQ(adapted_by({{"target-modules", "all-linear"}}).size(), 14u);
  EXPECT_EQ(adapted_by({{"target-modules", "all-linear"}, {"exclude-modules", "q_proj,o_proj"}}).size(), 10u);
  EXPECT_THAT(adapted_by({{"target-modules", "q_proj"}, {"layers", "1"}}), ElementsAre("text.blocks.1.attn.qkv.q 8"));
  EXPECT_THAT(adapted_by({{"layers", "0"}}), ElementsAre("text.blocks.0.attn.qkv.q 8", "text.blocks.0.attn.qkv.v 8"));
}

TEST(LoraTargets, HaveRanksAndAlphasByPatterns) {
  const OptionValues options{{"target-modules", "q_proj,down_proj"},
                             {"rank-pattern", R"(layers\.1\..*=2,q_proj=4)"},
                             {"alpha-pattern", "down_proj=2"}};
  EXPECT_THAT(adapted_by(options), ElementsAre("text.blocks.0.attn.qkv.q 4", "text.blocks.0.mlp.down 8",
                                               "text.blocks.1.attn.qkv.q 2", "text.blocks.1.mlp.down 2"));
  const auto built = lora_on_llama(options);
  const auto scale = [&](size_t i) { return branch_of(built.adaptation.bindings[i]).scale(); };
  EXPECT_EQ(scale(0), 8.0 / 4);
  EXPECT_EQ(scale(1), 2.0 / 8);
  EXPECT_EQ(scale(3), 2.0 / 2);
  // PEFT is told so, and graft reads it so.
  const auto config = built.method->peft_config(*built.model, built.adaptation);
  const auto foreign = lora::entry.from_peft({config, "adapter_config.json"},
                                             built.method->to_disk(*built.model, built.adaptation), *built.model);
  ASSERT_EQ(foreign.adaptation.bindings.size(), 4u);
  for (const auto& binding : foreign.adaptation.bindings) {
    for (const auto& own : built.adaptation.bindings) {
      if (own.sites == binding.sites) {
        EXPECT_EQ(branch_of(binding).scale(), branch_of(own).scale()) << own.sites.front();
      }
    }
  }
}

TEST(LoraTargets, ThatSelectNothingAreRefusedByName) {
  const auto refused = [](const OptionValues& options, const char* words) {
    EXPECT_THAT([&] { lora_on_llama(options); }, ThrowsMessage<ConfigError>(HasSubstr(words)));
  };
  refused({{"target-modules", "query"}}, "no module of");
  refused({{"target-modules", "query"}}, "model.layers.0.self_attn.q_proj");
  refused({{"layers", "9"}}, "--layers");
  refused({{"rank-pattern", "query=4"}}, "--rank-pattern: query is no name of what is adapted");
  refused({{"rank-pattern", "q_proj"}}, "expected a name and its number");
  refused({{"alpha-pattern", "q_proj=0"}}, "expected a number above 0");
  EXPECT_THAT(
      [] {
        lora_on_llama({{"target-modules", "(?P<x>q)_proj"}});
      },
      ThrowsMessage<ModelError>(HasSubstr("does not read as Python does")));
}

TEST(LoraTargets, DoraAndStartsAreForLinearMapsOfTheirOwn) {
  const auto refused = [](const std::string& layout, const OptionValues& options, const char* words) {
    EXPECT_THAT([&] { OnSmallModel(layout, "lora", options); }, ThrowsMessage<ConfigError>(HasSubstr(words)));
  };
  refused("open_clip", {{"dora", "true"}}, "in an nn.MultiheadAttention");
  refused("open_clip", {{"start", "pissa"}}, "in an nn.MultiheadAttention");
}

}  // namespace
}  // namespace graft::methods
