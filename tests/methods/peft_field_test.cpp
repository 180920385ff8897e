// The lists of what becomes of PEFT's fields, held to PEFT's own list (tests/golden/make/peft_fields.py) and to what
// the readers do.
#include "graft/methods/peft_field.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "graft/io/model_folder.h"
#include "graft/methods/entry.h"
#include "graft/methods/foreign.h"
#include "tests/methods/golden.h"

namespace graft::methods {
namespace {

using ::testing::HasSubstr;

// PEFT's name for a configuration, whose it is here, and an adapter of it on the small Llama.
struct OfPeft {
  const char* config;
  const char* method;
  const char* folder;
};

class PeftFieldsOf : public ::testing::TestWithParam<OfPeft> {
 protected:
  const Entry& entry() const { return find_entry(GetParam().method); }
  nlohmann::json values() const {
    return nlohmann::json::parse(std::ifstream(source_dir() / "tests/golden/peft_fields.json")).at(GetParam().config);
  }
  // Reads the adapter with one field changed.
  void read_with(const std::string& field, const nlohmann::json& value) const {
    const auto folder = golden_path(GetParam().folder);
    auto config = nlohmann::json::parse(std::ifstream(folder + "/adapter_config.json"));
    config[field] = value;
    const auto model = models::load_model(io::ModelFolder::at(source_dir() / "tests/golden/models/decoder_llama"), {});
    entry().from_peft({config, "adapter_config.json"}, read_tensors(folder + "/adapter_model.safetensors"), *model);
  }
};

TEST_P(PeftFieldsOf, AreAllListedAndNoOthers) {
  std::set<std::string> listed, theirs;
  for (const auto& field : entry().peft_fields())
    EXPECT_TRUE(listed.insert(field.name).second) << field.name;
  const auto all = values();
  for (const auto& [name, value] : all.items())
    theirs.insert(name);
  EXPECT_EQ(listed, theirs);
}

TEST_P(PeftFieldsOf, AreReadOrRefusedAsTheListSays) {
  const auto all = values();
  for (const auto& field : entry().peft_fields()) {
    if (field.kind == PeftField::Kind::read) continue;
    const auto& value = all.at(field.name);
    if (field.kind == PeftField::Kind::refused) {
      EXPECT_THAT([&] { read_with(field.name, value); }, ::testing::ThrowsMessage<ModelError>(HasSubstr(field.name)))
          << field.name;
    } else {
      EXPECT_NO_THROW(read_with(field.name, value)) << field.name;
    }
  }
}

TEST_P(PeftFieldsOf, OfANewerPeftAreRefusedByName) {
  EXPECT_THAT([&] { read_with("field_of_tomorrow", true); },
              ::testing::ThrowsMessage<ModelError>(HasSubstr("field_of_tomorrow")));
  EXPECT_NO_THROW(read_with("field_of_tomorrow", nullptr));
}

INSTANTIATE_TEST_SUITE_P(Configs, PeftFieldsOf,
                         ::testing::Values(OfPeft{"Lora", "lora", "peft_decoder"}, OfPeft{"Vera", "vera", "kin_vera"},
                                           OfPeft{"IA3", "ia3", "ia3_llama"},
                                           OfPeft{"PrefixTuning", "prefix", "peft_prefix_llama"},
                                           OfPeft{"PromptTuning", "prompt-tuning", "peft_prompt_tuning_llama"}),
                         [](const auto& info) { return std::string(info.param.config); });

}  // namespace
}  // namespace graft::methods
