#include "graft/io/model_folder.h"

#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::io {
namespace {

void put_weights(const TempFolder& folder, const std::string& name, const std::string& tensor = "w") {
  const std::byte value[1] = {};
  write_safetensors(folder.path() / name, {{tensor, Dtype::u8, {1}, value}});
}

TEST(ModelFolder, ReadsTheConfigurationsThatAreThere) {
  const TempFolder folder;
  put_weights(folder, "model.safetensors");
  folder.put("config.json", R"({"model_type": "vit"})");
  folder.put("preprocessor_config.json", R"({"size": 224})");
  const auto model = ModelFolder::at(folder.path());
  EXPECT_EQ(model.config->get("model_type", std::string()), "vit");
  EXPECT_EQ(model.preprocessor_config->get("size", int64_t{0}), 224);
  EXPECT_FALSE(model.open_clip_config.has_value());
  EXPECT_THAT(model.weight_files, testing::ElementsAre(folder.path() / "model.safetensors"));
  EXPECT_NE(model.open().find("w"), nullptr);
}

TEST(ModelFolder, TakesTheImageProcessorOutOfTransformers5sProcessorConfig) {
  const TempFolder folder;
  put_weights(folder, "model.safetensors");
  folder.put("processor_config.json",
             R"({"image_processor": {"do_normalize": false}, "processor_class": "CLIPProcessor"})");
  folder.put("preprocessor_config.json", R"({"do_normalize": true})");
  EXPECT_FALSE(ModelFolder::at(folder.path()).preprocessor_config->get("do_normalize", true));
  folder.put("processor_config.json", R"({"processor_class": "CLIPProcessor"})");
  EXPECT_TRUE(ModelFolder::at(folder.path()).preprocessor_config->get("do_normalize", false));
}

TEST(ModelFolder, OfSentenceTransformersIsInsideWhereItsListSays) {
  const TempFolder folder;
  folder.put("modules.json", R"([{"path": "0_Transformer", "type": "sentence_transformers.models.Transformer"}])");
  folder.put("0_Transformer/config.json", R"({"model_type": "bert"})");
  put_weights(folder, "0_Transformer/model.safetensors");
  const auto model = ModelFolder::at(folder.path());
  EXPECT_EQ(model.path, folder.path());
  EXPECT_EQ(model.inside, folder.path() / "0_Transformer");
  EXPECT_EQ(model.config->get("model_type", std::string()), "bert");
  EXPECT_NE(model.open().find("w"), nullptr);
}

TEST(ModelFolder, TakesALoneFileWithoutConfiguration) {
  const TempFolder folder;
  put_weights(folder, "anything");
  folder.put("config.json", "{}");
  const auto model = ModelFolder::at(folder.path() / "anything");
  EXPECT_FALSE(model.config.has_value());
  EXPECT_NE(model.open().find("w"), nullptr);
}

TEST(ModelFolder, PrefersSafetensorsToPickle) {
  const TempFolder folder;
  put_weights(folder, "model.safetensors");
  folder.put("pytorch_model.bin", "x");
  EXPECT_EQ(ModelFolder::at(folder.path()).weights.filename(), "model.safetensors");
}

TEST(ModelFolder, OpensShards) {
  const TempFolder folder;
  put_weights(folder, "one", "a");
  put_weights(folder, "two", "b");
  folder.put("model.safetensors.index.json", R"({"weight_map": {"a": "one", "b": "two"}})");
  const auto model = ModelFolder::at(folder.path());
  EXPECT_EQ(model.weight_files.size(), 2u);
  EXPECT_EQ(model.open().tensors().size(), 2u);
}

TEST(ModelFolder, TakesTheOnlyCheckpointWhateverItsName) {
  const TempFolder folder;
  put_weights(folder, "my_model.safetensors");
  folder.put("notes.txt", "x");
  EXPECT_EQ(ModelFolder::at(folder.path()).weights.filename(), "my_model.safetensors");
}

TEST(ModelFolder, SaysWhatAFolderLacks) {
  const TempFolder folder;
  EXPECT_ERROR(ModelFolder::at(folder.path()), FileError, "holds no weights: expected model.safetensors");
  folder.put("b.pt", "x");
  folder.put("a.pth", "x");
  EXPECT_ERROR(ModelFolder::at(folder.path()), FileError, "holds several checkpoints: a.pth, b.pt. Name one of them.");
  folder.put("config.json", "[1]");
  EXPECT_ERROR(ModelFolder::at(folder.path()), FileError, "config.json: expected a JSON object, got a list");
  EXPECT_ERROR(ModelFolder::at(folder.path() / "none"), FileError, "does not exist");
}

}  // namespace
}  // namespace graft::io
