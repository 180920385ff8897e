#include "graft/methods/vera/vera.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <nlohmann/json.hpp>

#include "graft/methods/foreign.h"
#include "tests/methods/kin_of_peft.h"
#include "tests/methods/sites_only.h"

namespace graft::methods {
namespace {

using ::testing::HasSubstr;

// q and v of twelve blocks: a factor for each rank and one for each output.
TEST(Vera, TrainsTwoVectorsAMap) {
  EXPECT_EQ(on_sites("vera", {}).inserted(), 12 * 2 * (256 + 768));
}

TEST(Vera, DrawsItsMatricesAsPeftDoes) {
  const auto file = read_tensors(golden_path("kin_vera/adapter_model.safetensors"));
  const auto drawn = vera::drawn_projections(5, 17, 24, 3);
  EXPECT_TRUE(torch::equal(drawn.a, file.at("base_model.vera_A")));
  EXPECT_TRUE(torch::equal(drawn.b, file.at("base_model.vera_B")));
}

TEST(Vera, GivesWhatPeftGivesAndItsGradients) {
  const OnKin on("vera");
  EXPECT_LT(on.logits_error(), 1e-5);
  EXPECT_EQ(on.check_gradients([](const std::string& parameter) {
    return parameter == "b" ? std::string("vera_lambda_b") : std::string("vera_lambda_d");
  }),
            12);
}

TEST(Vera, IsWrittenAsPeftWroteIt) {
  const OnKin on("vera");
  on.check_file();
  const auto config = on.foreign.method->peft_config(*on.model, on.foreign.adaptation);
  EXPECT_EQ(config["projection_prng_key"], 3);
  EXPECT_EQ(config["r"], 5);
}

// Where PEFT did not save the two matrices they are drawn again.
TEST(Vera, ReadsAnAdapterWithoutItsMatrices) {
  const auto folder = golden_path("kin_vera/");
  auto config = io::JsonObject::read(folder + "adapter_config.json")->value();
  auto tensors = read_tensors(folder + "adapter_model.safetensors");
  const auto model = small_llama_of_peft();
  tensors.erase("base_model.vera_A");
  tensors.erase("base_model.vera_B");
  EXPECT_THAT(
      [&] {
        vera::entry.from_peft({config, "adapter_config.json"}, tensors, *model);
      },
      ::testing::ThrowsMessage<ModelError>(HasSubstr("base_model.vera_A: missing")));
  config["save_projection"] = false;
  const auto foreign = vera::entry.from_peft({config, "adapter_config.json"}, tensors, *model);
  const auto written = foreign.method->to_disk(*model, foreign.adaptation);
  const auto whole = read_tensors(folder + "adapter_model.safetensors");
  EXPECT_TRUE(torch::equal(written.at("base_model.vera_A"), whole.at("base_model.vera_A")));
}

TEST(Vera, RefusesNumbersOutOfRange) {
  EXPECT_THROW(vera::entry.parse({{"rank", "0"}}), ConfigError);
  EXPECT_THROW(vera::entry.parse({{"dropout", "1"}}), ConfigError);
}

}  // namespace
}  // namespace graft::methods
