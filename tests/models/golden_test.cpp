// Every layout against the library that wrote it: tests/golden/make/models.py.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <optional>

#include "graft/models/checkpoint.h"
#include "graft/models/model.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"

namespace graft::models {
namespace {

struct Case {
  const char* name;
  const char* file;  // below tests/golden/models
  const char* family;
  const char* layout;
};

std::ostream& operator<<(std::ostream& out, const Case& tested) {
  return out << tested.name;
}

const Case kCases[] = {
    {"ClipOpenClip", "clip_open_clip", "clip", "open_clip"},
    {"ClipOpenAi", "clip_openai/model.pt", "clip", "openai"},
    {"ClipTransformers", "clip_hf", "clip", "hf"},
    {"VitTimmOnAGridThatIsNoSquare", "vit_timm", "vit", "timm"},
    {"VitTimmRegistersAndStretchedPositions", "vit_timm_registers", "vit", "timm"},
    {"VitTimmRegistersWithPositions", "vit_timm_placed", "vit", "timm"},
    {"VitTimmOfAClip", "vit_timm_clip", "vit", "timm"},
    {"VitTransformers", "vit_hf", "vit", "hf"},
    {"VitTransformersNamesInMemory", "vit_hf_memory", "vit", "hf"},
    {"Dinov2Transformers", "dinov2_hf", "vit", "hf"},
    {"Dinov2TransformersNamesInMemory", "dinov2_hf_memory", "vit", "hf"},
    {"Dinov2TransformersRegisters", "dinov2_hf_registers", "vit", "hf"},
    {"DinoTeacher", "dino/checkpoint.pth", "vit", "dino"},
    {"Dinov2", "dinov2/dinov2_pretrain.pth", "vit", "dinov2"},
    {"ResnetBasicBlocks", "resnet_basic", "resnet", "timm"},
    {"ResnetBottlenecks", "resnet_bottleneck", "resnet", "timm"},
    {"ResnetCifar", "resnet_cifar/resnet14.th", "resnet", "cifar"},
    {"Dinov2Registers", "dinov2_registers/dinov2_reg4_pretrain.pth", "vit", "dinov2"},
};

std::filesystem::path golden(const Case& tested) {
  return source_dir() / "tests/golden/models" / tested.file;
}

class Golden : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    const auto path = golden(GetParam());
    folder_ = io::ModelFolder::at(path);
    expected_ =
        io::Weights::open((std::filesystem::is_directory(path) ? path : path.parent_path()) / "expected.safetensors");
  }

  at::Tensor expected(const char* name) const { return to_float(expected_->at(name)); }

  io::ModelFolder folder_;
  std::optional<io::Weights> expected_;
};

TEST_P(Golden, FeaturesEqualTheReference) {
  const torch::NoGradGuard no_grad;
  const auto model = load_model(folder_, {});
  EXPECT_EQ(model->info().family, GetParam().family);
  EXPECT_EQ(model->info().layout, GetParam().layout);
  nn::Context context;
  const auto features = model->reader().encode({expected("images")}, context);
  EXPECT_LT(testing::relative_error(features, expected("features")), 1e-5);  // float32, sums of some hundred terms
}

TEST_P(Golden, TextsEqualTheReference) {
  const torch::NoGradGuard no_grad;
  const auto model = load_model(folder_, {});
  if (expected_->find("texts") == nullptr) return;
  EXPECT_FALSE(model->has_prompts());  // towers of a few words, whose tokenizer nobody has
  nn::Context context;
  const auto ids = expected("ids").to(at::kLong);
  const auto present = torch::arange(ids.size(1)).unsqueeze(0) <= expected("ends").to(at::kLong).unsqueeze(1);
  const auto texts = model->need(nn::Tower::text).encode({ids, {}, present}, context);
  EXPECT_LT(testing::relative_error(texts, expected("texts")), 1e-5);
}

TEST_P(Golden, EveryTensorIsWrittenBackUnderItsName) {
  const auto model = load_model(folder_, {});
  const auto weights = folder_.open().unwrapped();
  const auto written = model->to_checkpoint();
  EXPECT_GT(written.size(), 15u);
  for (const auto& [name, tensor] : written) {
    const auto* view = weights.find(name);
    ASSERT_NE(view, nullptr) << name;
    EXPECT_TRUE(at::equal(tensor, to_float(*view))) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Golden, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

io::ModelFolder folder_of(const char* name) {
  return io::ModelFolder::at(source_dir() / "tests/golden/models" / name);
}

TEST(Layouts, TheSameWeightsHaveOneFingerprintInAnySpelling) {
  const auto published = load_model(folder_of("dinov2_hf"), {}),
             in_memory = load_model(folder_of("dinov2_hf_memory"), {});
  EXPECT_EQ(published->info().fingerprint, in_memory->info().fingerprint);
  EXPECT_NE(published->info().fingerprint, load_model(folder_of("vit_hf"), {})->info().fingerprint);
}

TEST(Layouts, SlicesOfSeparateMatricesKnowTheirModules) {
  const auto model = load_model(folder_of("clip_hf"), {});
  const auto& site = model->joint("vision.blocks.1.attn.qkv").site();
  EXPECT_EQ(site.checkpoint, "");
  ASSERT_EQ(site.slices.size(), 3u);
  EXPECT_EQ(site.slices[0].checkpoint, "vision_model.encoder.layers.1.self_attn.q_proj");
  EXPECT_EQ(site.slices[2].checkpoint, "vision_model.encoder.layers.1.self_attn.v_proj");
  EXPECT_EQ(model->joint("vision.proj").site().checkpoint, "visual_projection");
}

TEST(Layouts, PreprocessingComesFromTheFiles) {
  const auto open_clip = load_model(folder_of("clip_open_clip"), {})->info().preprocessing;
  EXPECT_EQ(open_clip.output(), (data::Size{20, 20}));
  EXPECT_EQ(open_clip.resize_mode, data::ResizeMode::squash);
  EXPECT_EQ(open_clip.interpolation, data::Filter::bilinear);
  EXPECT_FLOAT_EQ(open_clip.mean[2], 0.3f);
  const auto hf = load_model(folder_of("clip_hf"), {})->info().preprocessing;
  EXPECT_EQ(hf.resize, (data::Size{20, 20}));
  EXPECT_EQ(hf.output(), (data::Size{18, 18}));
  EXPECT_EQ(hf.crop_rounding, data::CropRounding::transformers);
  EXPECT_FLOAT_EQ(hf.std[0], 0.2f);
  const auto vit = load_model(folder_of("vit_hf"), {})->info().preprocessing;
  EXPECT_EQ(vit.output(), (data::Size{24, 16}));
  EXPECT_EQ(vit.resize_mode, data::ResizeMode::squash);
  EXPECT_EQ(vit.interpolation, data::Filter::bilinear);
  const auto timm = load_model(folder_of("vit_timm"), {})->info().preprocessing;
  EXPECT_EQ(timm.output(), (data::Size{24, 16}));
  EXPECT_EQ(timm.resize, (data::Size{26, 17}));  // floor(size / 0.9)
}

}  // namespace
}  // namespace graft::models
