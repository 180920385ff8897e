// DeepLabv3 against torchvision, and on basic blocks against timm's rule of dilation
// (tests/golden/make/models_deeplab.py).
#include <gmock/gmock.h>
#include <torch/types.h>

#include <string>

#include "graft/core/error.h"
#include "graft/models/checkpoint.h"
#include "graft/models/deeplab/auxiliary_head.h"
#include "graft/models/model.h"
#include "graft/models/pixel_head.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"
#include "tests/support/tiny_models.h"

namespace graft::models {
namespace {

using ::testing::HasSubstr;
using testing::relative_error;
using testing::tiny_deeplab_checkpoint;
using testing::tiny_resnet_checkpoint;

std::filesystem::path golden(const std::string& name) {
  return source_dir() / "tests/golden/models" / name;
}

LoadOptions at_stride(int64_t stride) {
  LoadOptions options;
  options.told.output_stride = stride;
  return options;
}

class GoldenDeeplab : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenDeeplab, MapsAndLogitsEqualTheReference) {
  const torch::NoGradGuard no_grad;
  const auto folder = io::ModelFolder::at(golden(GetParam()));
  const auto expected = io::Weights::open(golden(GetParam()) / "expected.safetensors");
  const auto images = to_float(expected.at("tile")).repeat({1, 1, 14, 14}).slice(2, 0, 320).slice(3, 0, 320);
  for (const auto& [stride, name] : {std::pair<int64_t, std::string>(8, "logits"), {16, "logits16"}}) {
    const auto model = load_model(folder, at_stride(stride));
    EXPECT_EQ(model->info().family, "deeplab");
    auto& tower = model->reader();
    const auto place = *tower.dense();
    const auto value = tower.run({images}, 0, place, {});
    const auto maps = tower.map(value, place);
    EXPECT_EQ(maps.size(2), 320 / stride);
    if (stride == 8) {
      EXPECT_LT(relative_error(maps, to_float(expected.at("maps"))), 1e-5);
    }
    const auto& classes = model->pixel_classes();
    Random random(1);
    PixelHead head(place, tower.width(place), 5, HeadInit::zero, random);
    head.weight.copy_(classes.weight);
    head.bias.copy_(classes.bias);
    nn::Context context;
    const auto logits = at::upsample_bilinear2d(head.answer(tower, value, context), {320, 320}, false);
    const auto some = logits.slice(2, 0, 320, 8).slice(3, 0, 320, 8);
    EXPECT_LT(relative_error(some, to_float(expected.at(name))), 1e-5) << stride;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenDeeplab, ::testing::Values("deeplab_bottleneck", "deeplab_basic"),
                         [](const auto& info) { return std::string(info.param); });

// torchvision's FCNHead behind layer 3, out of the same checkpoint.
TEST(Deeplab, TheSecondClassifierIsTorchvisions) {
  const torch::NoGradGuard no_grad;
  const auto folder = io::ModelFolder::at(golden("deeplab_bottleneck"));
  const auto expected = io::Weights::open(golden("deeplab_bottleneck") / "expected.safetensors");
  const auto images = to_float(expected.at("tile")).repeat({1, 1, 14, 14}).slice(2, 0, 320).slice(3, 0, 320);
  const auto model = load_model(folder, at_stride(8));
  const auto place = deeplab::auxiliary_place(*model);
  ASSERT_EQ(place, 6);  // its layers have 1, 2, 2 and 2 blocks
  auto& tower = model->reader();
  deeplab::AuxiliaryHead head(tower.width(*place), 5, Random(1));
  const auto weights = folder.open();
  const auto began = head.begin_with(weights);
  EXPECT_TRUE(began.maps && began.classes);
  const auto maps = tower.map(tower.run({images}, 0, *place, {}), *place);
  const auto logits = at::upsample_bilinear2d(head.forward(maps, {}), {320, 320}, false);
  const auto some = logits.slice(2, 0, 320, 8).slice(3, 0, 320, 8);
  EXPECT_LT(relative_error(some, to_float(expected.at("aux"))), 1e-5);

  const auto written = head.to_checkpoint();  // by the names that it was read by
  ASSERT_EQ(written.size(), 7u);
  for (const auto& [name, tensor] : written)
    EXPECT_TRUE(at::equal(tensor, to_float(weights.at(name)))) << name;

  deeplab::AuxiliaryHead of_others(tower.width(*place), 3,
                                   Random(1));  // of other classes the maps are still the file's
  const auto partly = of_others.begin_with(weights);
  EXPECT_TRUE(partly.maps && !partly.classes);
  EXPECT_TRUE(at::equal(of_others.to_checkpoint().at("aux_classifier.0.weight"),
                        to_float(weights.at("aux_classifier.0.weight"))));
}

TEST(Deeplab, TheSecondClassifierGoesByItsBatchAndDropsWhileItTrains) {
  deeplab::AuxiliaryHead head(32, 3, Random(1));
  const auto maps = testing::random_tensor({4, 32, 5, 5}, 3);
  nn::Context context{.training = true, .gathers = true};
  const auto first = head.forward(maps, context);
  EXPECT_EQ(first.sizes(), (std::vector<int64_t>{4, 3, 5, 5}));
  EXPECT_FALSE(at::equal(first, head.forward(maps, context)));  // other tenths are dropped
  EXPECT_GT(head.to_checkpoint().at("aux_classifier.1.running_mean").abs().sum().item<double>(), 0);
  EXPECT_TRUE(at::equal(head.forward(maps, {}), head.forward(maps, {})));
  first.sum().backward();
  for (const auto& [name, parameter] : head.trained())
    EXPECT_TRUE(parameter.grad().defined()) << name;
}

TEST(Deeplab, OnlyWithAContextModuleThereIsAPlaceForASecondClassifier) {
  EXPECT_EQ(deeplab::auxiliary_place(*testing::tiny_vit_checkpoint().load()), std::nullopt);
  EXPECT_EQ(deeplab::auxiliary_place(*load_model(io::ModelFolder::at(golden("resnet_basic")), {})), std::nullopt);
}

TEST(Deeplab, IsWrittenAsItWasRead) {
  const auto checkpoint = tiny_deeplab_checkpoint();
  const auto model = checkpoint.load();
  const auto written = model->to_checkpoint();
  for (const auto& [name, tensor] : written)
    EXPECT_TRUE(at::equal(tensor, checkpoint.tensors.at(name))) << name;
  EXPECT_EQ(written.size() + 2, checkpoint.tensors.size());  // its classes are a head's
  EXPECT_EQ(model->info().preprocessing.output(), (data::Size{520, 520}));
}

TEST(Deeplab, AnAuxiliaryClassifierIsLeftAside) {
  auto checkpoint = tiny_deeplab_checkpoint();
  checkpoint.tensors["aux_classifier.0.weight"] = torch::zeros({2, 8, 3, 3});
  const auto model = checkpoint.load();
  std::string said;
  for (const auto& note : model->info().notes)
    said += note.text + "\n";
  EXPECT_THAT(said, HasSubstr("left aside: aux_classifier.0.weight"));
}

// A last batch of one: the mean of its only map has no variance to go by.
TEST(Deeplab, ABatchOfOneTrains) {
  const auto model = tiny_deeplab_checkpoint().load();
  std::vector<std::string> norms, trained;
  for (const auto& [path, norm] : model->batch_norms())
    norms.push_back(path);
  for (const auto& parameter : model->named_parameters())
    trained.push_back(parameter.key());
  model->freeze_all_but(trained);
  model->go_by_batch(norms);
  auto& tower = model->reader();
  nn::Context context{.training = true, .gathers = true};
  const auto images = testing::random_tensor({1, 3, 40, 40}, 3);
  const auto maps = tower.run({images}, 0, *tower.dense(), context).x;
  EXPECT_TRUE(maps.isfinite().all().item<bool>());
  maps.sum().backward();
  const auto parameters = model->named_parameters();
  EXPECT_GT(parameters["vision.blocks.2.whole.weight"].grad().abs().sum().item<double>(), 0);
}

// While it trains, half of what joins the scales is dropped; frozen, nothing is.
TEST(Deeplab, DropsOnlyWhereItTrains) {
  const torch::NoGradGuard no_grad;
  const auto model = tiny_deeplab_checkpoint().load();
  model->freeze_all_but({});
  auto& tower = model->reader();
  const nn::Value images{testing::random_tensor({2, 3, 40, 40}, 3)};
  const nn::Context training{.training = true};
  const auto still = tower.run(images, 0, *tower.dense(), {}).x;
  EXPECT_TRUE(at::equal(tower.run(images, 0, *tower.dense(), training).x, still));
  model->freeze_all_but({"vision.blocks.2.join.weight"});
  EXPECT_GT(relative_error(tower.run(images, 0, *tower.dense(), training).x, still), 1e-2);
}

TEST(Deeplab, ANewOneStandsBehindAResnet) {
  const torch::NoGradGuard no_grad;
  LoadOptions options;
  options.told.decoder = Decoder::deeplabv3;
  const auto model = tiny_resnet_checkpoint().load(options);
  EXPECT_EQ(model->info().family, "resnet");
  EXPECT_THAT(model->info().description, HasSubstr("DeepLabv3 ResNet"));
  auto& tower = model->reader();
  EXPECT_EQ(tower.width(*tower.dense()), 256);
  EXPECT_EQ(model->info().fingerprint, tiny_resnet_checkpoint().load(options)->info().fingerprint);
  // It is written as a DeepLabv3 is.
  testing::TinyCheckpoint written;
  written.folder.path = "written";
  written.tensors = model->to_checkpoint();
  const auto back = written.load(at_stride(8));
  EXPECT_EQ(back->info().family, "deeplab");
  const nn::Value images{testing::random_tensor({1, 3, 24, 24}, 3)};
  EXPECT_TRUE(
      at::equal(back->reader().run(images, 0, *tower.dense(), {}).x, tower.run(images, 0, *tower.dense(), {}).x));
}

// Dilated, the maps are denser, and where the whole strides fall they are what they were.
TEST(Deeplab, ADilatedResnetGivesTheSameValuesMoreDensely) {
  const torch::NoGradGuard no_grad;
  const auto folder = io::ModelFolder::at(golden("resnet_basic"));
  const auto strided = load_model(folder, {}), dense = load_model(folder, at_stride(8));
  const nn::Value images{testing::random_tensor({1, 3, 192, 192}, 3)};
  const auto place = *strided->reader().dense();
  const auto coarse = strided->reader().run(images, 0, place, {}).x, fine = dense->reader().run(images, 0, place, {}).x;
  ASSERT_EQ(coarse.size(1), 6);
  ASSERT_EQ(fine.size(1), 24);
  const auto every = fine.slice(1, 0, 24, 4).slice(2, 0, 24, 4);
  EXPECT_LT(relative_error(every, coarse), 1e-4);
}

TEST(Deeplab, OutputStridesAreRefusedByName) {
  const auto refusal = [](const testing::TinyCheckpoint& checkpoint, const LoadOptions& options) -> std::string {
    try {
      checkpoint.load(options);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refusal(tiny_deeplab_checkpoint(), at_stride(4)), HasSubstr("--output-stride 4: expected 8, 16 or 32"));
  EXPECT_THAT(refusal(testing::tiny_vit_checkpoint(), at_stride(8)), HasSubstr("it is for ResNets"));
  LoadOptions twice;
  twice.told.decoder = Decoder::deeplabv3;
  EXPECT_THAT(refusal(tiny_deeplab_checkpoint(), twice), HasSubstr("has one. Leave it out"));
}

}  // namespace
}  // namespace graft::models
