// Folders with an adapter: what is read of them, and what is said of those that are not sound.
#include "graft/engine/adapter_folder.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/engine/run_data.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/adapt.h"
#include "graft/pipelines/evaluate.h"
#include "tests/support/source_dir.h"
#include "tests/support/tiny_world.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

fs::path adapter_golden(const std::string& name) {
  return fs::path(source_dir()) / "tests/golden/methods" / name;
}

json config_of(const fs::path& folder) {
  return json::parse(std::ifstream(folder / "adapter_config.json"));
}
void write_config(const fs::path& folder, const json& config) {
  std::ofstream(folder / "adapter_config.json") << config.dump();
}

// A folder of one's own with an adapter that PEFT wrote for the small ViT.
struct PeftFolder {
  explicit PeftFolder(const std::string& name) {
    for (const auto& entry : fs::directory_iterator(adapter_golden("foreign_vit/" + name)))
      fs::copy(entry.path(), at() / entry.path().filename());
  }
  const fs::path& at() const { return folder.path(); }
  void change(const std::string& key, const json& value) const {
    auto config = config_of(at());
    config[key] = value;
    write_config(at(), config);
  }
  std::string refusal() const {
    try {
      engine::read_adapter_info(at());
    } catch (const Error& error) {
      return error.what();
    }
    return "it was read";
  }
  TempFolder folder;
};

TEST(AdapterFolder, AClassifierThatPeftSavedHasItsClasses) {
  const PeftFolder peft("recipe");
  auto info = engine::read_adapter_info(peft.at());
  EXPECT_THAT(info.classes, ElementsAre("class_0", "class_1", "class_2"));
  EXPECT_TRUE(info.classes_made_up);
  std::ofstream(peft.at() / "config.json") << R"({"id2label": {"0": "cat", "1": "dog", "2": "owl"}})";
  info = engine::read_adapter_info(peft.at());
  EXPECT_THAT(info.classes, ElementsAre("cat", "dog", "owl"));
  EXPECT_FALSE(info.classes_made_up);
  std::ofstream(peft.at() / "config.json") << R"({"id2label": {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}})";
  EXPECT_TRUE(engine::read_adapter_info(peft.at()).classes_made_up);
  EXPECT_TRUE(engine::read_adapter_info(PeftFolder("half").at()).classes.empty());
}

TEST(AdapterFolder, EvaluateAndPredictWorkOnPeftsImageClassificationRecipe) {
  TempFolder world;
  testing::make_tiny_world(world.path(), 2, 1, 2);
  for (const char* name : {"recipe", "old"}) {  // safetensors beside transformers 5, a pickled file beside 4
    const PeftFolder peft(name);
    EvaluateOptions options;
    options.run = peft.at().string();
    options.model.model = adapter_golden("foreign_vit/base").string();
    options.model.precision = "fp32";
    options.data = testing::tiny_run(world.path(), "").data;
    Silent silent;
    const auto result = evaluate(options, engine::Host(), silent);
    EXPECT_THAT(result.classes, ElementsAre("blue", "green", "red"));
    EXPECT_EQ(result.predictions.files.size(), 6u);
    PredictOptions photos;
    photos.run = options.run;
    photos.model = options.model;
    photos.files = {(world / "photos/test/red/00.bmp").string()};
    EXPECT_THAT(predict(photos, engine::Host(), silent).classes, ElementsAre("class_0", "class_1", "class_2"));
  }
}

TEST(AdapterFolder, AnAdapterThatNamesNoBaseAsksForOne) {
  const PeftFolder peft("recipe");
  try {
    Silent silent;
    model_of_run(engine::read_adapter_info(peft.at()), engine::ModelOptions(), silent);
    FAIL() << "no model was asked for";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("Give --model"));
  }
}

TEST(AdapterFolder, NumbersThatAreNotFiniteAreRefusedByTheTensorsName) {
  const PeftFolder peft("half");
  auto tensors = nn::read_tensors(peft.at() / "adapter_model.safetensors");
  const auto name = tensors.begin()->first;
  tensors[name].view({-1})[1] = std::numeric_limits<float>::quiet_NaN();
  tensors[name].view({-1})[2] = std::numeric_limits<float>::infinity();
  nn::write_tensors(peft.at() / "adapter_model.safetensors", tensors);
  EXPECT_THAT(peft.refusal(), HasSubstr("holds NaN or infinity"));
  EXPECT_THAT(peft.refusal(), HasSubstr(name + ": 2 of 32 numbers"));
}

TEST(AdapterFolder, OtherTypesOfPeftAreRefusedByName) {
  const PeftFolder peft("half");
  for (const char* type : {"LOKR", "ADALORA", "A_TYPE_OF_TOMORROW"}) {
    peft.change("peft_type", type);
    EXPECT_THAT(peft.refusal(),
                HasSubstr(std::string("peft_type = \"") + type + "\": of PEFT's adapters graft reads LORA, "));
  }
  // Types that are read, with which PEFT saves no classifier.
  for (const auto& [type, method] : {std::pair("IA3", "ia3"), std::pair("PREFIX_TUNING", "prefix")}) {
    peft.change("peft_type", type);
    const auto info = engine::read_adapter_info(peft.at());
    EXPECT_EQ(info.method, method);
    EXPECT_TRUE(info.classes.empty());
  }
  peft.change("peft_type", nullptr);
  EXPECT_THAT(peft.refusal(), HasSubstr("neither \"graft\" nor \"peft_type\""));
}

TEST(AdapterFolder, ShardsAndMissingTensorsAreNamed) {
  const PeftFolder peft("half");
  fs::remove(peft.at() / "adapter_model.safetensors");
  EXPECT_THAT(peft.refusal(), HasSubstr("neither adapter_model.safetensors nor adapter_model.bin"));
  std::ofstream(peft.at() / "adapter_model.safetensors.index.json") << "{}";
  EXPECT_THAT(peft.refusal(), HasSubstr("an adapter in shards is not read"));
}

// Every value of graft's own object: null, and of another type.
TEST(AdapterFolder, OfGraftsOwnFileTheKeyThatIsWrongIsNamed) {
  TempFolder world;
  testing::make_tiny_world(world.path(), 2, 1, 1);
  Silent silent;
  auto options = testing::tiny_run(world.path(), "bias");
  options.train.epochs = 1;
  options.output = (world / "run").string();
  adapt(options, OptionValues(), engine::Host(), silent);
  const auto sound = config_of(world / "run");
  const auto said = [&](const json& config) -> std::string {
    write_config(world / "run", config);
    try {
      engine::read_adapter_info(world / "run");
    } catch (const FileError& error) {
      return error.what();
    }
    return "it was read";
  };
  EXPECT_EQ(said(sound), "it was read");
  for (const char* key : {"method", "options", "classifier", "classes", "templates", "shots", "train_size", "seed",
                          "precision", "base"}) {
    auto config = sound;
    config["graft"][key] = 1.5;
    EXPECT_THAT(said(config), HasSubstr(std::string("adapter_config.json: graft.") + key)) << key;
    if (std::string_view(key) == "options") continue;  // none: each has its default
    config["graft"][key] = nullptr;
    EXPECT_THAT(said(config), HasSubstr(std::string("adapter_config.json: graft.") + key)) << key;
    EXPECT_THAT(said(config), Not(HasSubstr("exception")));
  }
  auto config = sound;
  config["graft"]["base"]["fingerprint"] = "";
  EXPECT_THAT(said(config), HasSubstr("graft.base.fingerprint"));
  config = sound;
  config["graft"]["classes"] = {"a", 2};
  EXPECT_THAT(said(config), HasSubstr("graft.classes[1]: expected a text, got 2"));
}

}  // namespace
}  // namespace graft::pipelines
