// FCOS against torchvision: what its head says, the boxes that it tells, in its order, and what a training step costs
// (tests/golden/make/fcos.py).
#include "graft/models/fcos/detector.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include <string>

#include "graft/core/error.h"
#include "graft/models/checkpoint.h"
#include "graft/models/fcos/suppression.h"
#include "graft/models/fcos/training_loss.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"

namespace graft::models::fcos {
namespace {

using graft::testing::relative_error;
using ::testing::HasSubstr;

constexpr PhotoFit kFit{96, 160};

std::filesystem::path fcos_golden(const std::string& name) {
  return source_dir() / "tests/golden/models" / name;
}

struct Golden {
  explicit Golden(const std::string& name)
      : folder(io::ModelFolder::at(fcos_golden(name) / "model.safetensors")),
        expected(io::Weights::open(fcos_golden(name) / "expected.safetensors")) {}
  at::Tensor at(const std::string& name) const { return view_of(expected.at(name)).clone(); }
  io::Image photo(int i) const {
    const auto bytes = at("photo" + std::to_string(i)).contiguous();
    const auto* first = bytes.const_data_ptr<uint8_t>();
    return {static_cast<int>(bytes.size(1)), static_cast<int>(bytes.size(0)), {first, first + bytes.numel()}};
  }
  io::ModelFolder folder;
  io::Weights expected;
};

class GoldenFcos : public ::testing::TestWithParam<const char*> {};

TEST_P(GoldenFcos, TellsTheBoxesOfTorchvisionInItsOrder) {
  const Golden golden(GetParam());
  const auto detector = read_detector(golden.folder, {});
  for (const int i : {0, 1}) {
    const auto told = detector.tell(golden.photo(i), kFit, {});
    const auto number = std::to_string(i);
    ASSERT_EQ(told.boxes.size(0), golden.at("boxes" + number).size(0));
    EXPECT_TRUE(at::equal(told.labels, golden.at("labels" + number)));
    EXPECT_LT((told.boxes - golden.at("boxes" + number)).abs().max().item<float>(), 1e-4F * 160);
    EXPECT_LT((told.scores - golden.at("scores" + number)).abs().max().item<float>(), 1e-4F);
  }
}

TEST_P(GoldenFcos, AnswersAsTheHeadOfTorchvision) {
  const torch::NoGradGuard no_grad;
  const Golden golden(GetParam());
  const auto detector = read_detector(golden.folder, {});
  for (const int i : {0, 1}) {
    const auto photo = fitted(golden.photo(i), kFit);
    nn::Context context;
    const auto answers = detector.answer(in_zeros(photo.pixels, padded(photo.read)).unsqueeze(0), context);
    const auto number = std::to_string(i);
    EXPECT_LT(relative_error(answers.logits[0], golden.at("logits" + number)), 1e-4);
    EXPECT_LT(relative_error(answers.offsets[0], golden.at("offsets" + number)), 1e-4);
    EXPECT_LT(relative_error(answers.centres[0], golden.at("centres" + number)), 1e-4);
    EXPECT_EQ(answers.logits.size(1), places_of(padded(photo.read)).total());
  }
}

TEST_P(GoldenFcos, IsWrittenAsItWasRead) {
  const Golden golden(GetParam());
  const auto written = read_detector(golden.folder, {}).to_checkpoint();
  const auto weights = golden.folder.open();
  for (const auto& [name, tensor] : written)
    EXPECT_TRUE(at::equal(tensor, to_float(weights.at(name)))) << name;
  size_t counts = 0;
  for (const auto& [name, view] : weights.tensors())
    counts += name.ends_with("num_batches_tracked") ? 1 : 0;
  EXPECT_EQ(written.size() + counts, weights.tensors().size());
}

// Both photos as one batch, by the boxes that the script lays into them.
struct LossCase {
  explicit LossCase(const Golden& golden) {
    const std::vector<at::Tensor> told = {
        torch::tensor({4.F, 6.F, 50.F, 44.F, 20.F, 10.F, 34.F, 22.5F, 0.F, 0.F, 83.F, 61.F}).view({3, 4}),
        torch::tensor({3.F, 100.F, 37.F, 140.F}).view({1, 4})};
    std::vector<at::Tensor> photos, all;
    for (int i = 0; i < 2; ++i) {
      const auto photo = fitted(golden.photo(i), kFit);
      const auto wider = static_cast<float>(photo.read.width) / static_cast<float>(photo.own.width);
      const auto higher = static_cast<float>(photo.read.height) / static_cast<float>(photo.own.height);
      photos.push_back(in_zeros(photo.pixels, {160, 160}));
      all.push_back(assigned(places, {told[static_cast<size_t>(i)] * torch::tensor({wider, higher, wider, higher}),
                                      i == 0 ? torch::tensor({1L, 3L, 0L}) : torch::tensor({4L}),
                                      {}}));
    }
    pixels = at::stack(photos);
    targets = at::stack(all);
  }
  Places places = places_of({160, 160});
  at::Tensor pixels, targets;
};

TEST_P(GoldenFcos, CostsInTrainingWhatItCostsTorchvision) {
  const torch::NoGradGuard no_grad;
  const Golden golden(GetParam());
  const LossCase batch(golden);
  nn::Context context;
  const auto answers = read_detector(golden.folder, {}).answer(batch.pixels, context);
  const auto everywhere = torch::ones({2, 5}, torch::kBool);
  const auto sums = loss_sums(answers, batch.targets, everywhere, batch.places);
  const auto count = batch.targets.select(2, 0).ge(0).sum();
  EXPECT_GT(count.item<int64_t>(), 10);
  EXPECT_LT(relative_error(sums.classes / count, golden.at("loss_classification")[0]), 1e-4);
  EXPECT_LT(relative_error(sums.boxes / count, golden.at("loss_bbox_regression")[0]), 1e-4);
  EXPECT_LT(relative_error(sums.centres / count, golden.at("loss_bbox_ctrness")[0]), 1e-4);
}

TEST_P(GoldenFcos, NothingIsLearnedOfAClassThatNobodyLookedFor) {
  const Golden golden(GetParam());
  const LossCase batch(golden);
  const auto detector = read_detector(golden.folder, {});
  auto looked_for = torch::ones({2, 5}, torch::kBool);
  looked_for[0][2] = false;  // no box is of it
  looked_for[0][3] = false;  // one is
  nn::Context context;
  auto answers = detector.answer(batch.pixels, context);
  answers.logits = answers.logits.detach().set_requires_grad(true);
  const auto sums = loss_sums(answers, batch.targets, looked_for, batch.places);
  sums.classes.backward();
  const auto gradient = answers.logits.grad();
  EXPECT_EQ(gradient[0].select(1, 2).count_nonzero().item<int64_t>(), 0);
  const auto of_three = batch.targets[0].select(1, 0).eq(3);
  EXPECT_TRUE(at::equal(gradient[0].select(1, 3).ne(0), of_three));
  EXPECT_EQ(gradient[1].select(1, 2).count_nonzero().item<int64_t>(), batch.places.total());
}

TEST(Assigned, InACrowdNothingIsAskedButOfBoxesThatAreTold) {
  const auto places = places_of({64, 64});
  const auto crowd = torch::tensor({0.F, 0.F, 64.F, 32.F}).view({1, 4});
  const auto box = torch::tensor({10.F, 10.F, 30.F, 30.F}).view({1, 4});
  const auto targets = assigned(places, {box, torch::tensor({2L}), crowd});
  const auto of_class = targets.select(1, 0);
  EXPECT_GT(of_class.eq(2).sum().item<int64_t>(), 0);
  EXPECT_GT(of_class.eq(kNotAsked).sum().item<int64_t>(), 0);
  const auto below = places.y.gt(32);
  EXPECT_TRUE(of_class.masked_select(below).eq(kNothing).all().item<bool>());
}

TEST(Fcos, ALossWithoutABoxStillReachesEveryParameter) {
  const Golden golden("fcos_basic");
  const auto detector = read_detector(golden.folder, {});
  const auto places = places_of({64, 64});
  nn::Context context;
  const auto answers = detector.answer(torch::zeros({1, 3, 64, 64}), context);
  const auto none = assigned(places, {torch::zeros({0, 4}), torch::zeros({0}, torch::kLong), {}});
  const auto sums = loss_sums(answers, none.unsqueeze(0), torch::ones({1, 5}, torch::kBool), places);
  (sums.classes + sums.boxes + sums.centres).backward();
  for (const auto& parameter : detector.head()->named_parameters())
    EXPECT_TRUE(parameter.value().grad().defined()) << parameter.key();
}

INSTANTIATE_TEST_SUITE_P(Models, GoldenFcos, ::testing::Values("fcos_bottleneck", "fcos_basic"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Fcos, ANewHeadOnADetectorsNetworkIsReadBackTheSame) {
  const Golden golden("fcos_basic");
  const auto made = new_detector(golden.folder, {}, {.classes = 3, .width = 64, .convolutions = 2}, 7);
  const auto again = new_detector(golden.folder, {}, {.classes = 3, .width = 64, .convolutions = 2}, 7);
  const auto tensors = made.to_checkpoint();
  for (const auto& [name, tensor] : again.to_checkpoint())
    EXPECT_TRUE(at::equal(tensor, tensors.at(name))) << name;
  EXPECT_EQ(tensors.at("head.classification_head.cls_logits.weight").sizes(), (std::vector<int64_t>{3, 64, 3, 3}));
  // Each class is told everywhere with a probability of 0.01 at first.
  EXPECT_NEAR(tensors.at("head.classification_head.cls_logits.bias").sigmoid()[0].item<double>(), 0.01, 1e-6);
  EXPECT_TRUE(tensors.contains("backbone.fpn.inner_blocks.0.0.weight"));
  // Every box has a gradient at first.
  nn::Context context;
  const auto answers = made.answer(at::rand({1, 3, 64, 64}), context);
  EXPECT_GT(answers.offsets.min().item<float>(), 0.0F);
}

TEST(Fcos, OtherClassesTakeTheRowsThatAreNamedAndTheRestOfTheDetectorStays) {
  const Golden golden("fcos_basic");
  const auto whole = read_detector(golden.folder, {});
  const auto other = whole.with_classes({4, std::nullopt, 1}, 7);
  const auto before = whole.to_checkpoint(), after = other.to_checkpoint();
  EXPECT_EQ(other.classes(), 3);
  ASSERT_EQ(after.size(), before.size());
  for (const auto& [name, tensor] : after) {
    if (!name.starts_with("head.classification_head.cls_logits")) {
      EXPECT_TRUE(at::equal(tensor, before.at(name))) << name;
      continue;
    }
    EXPECT_EQ(tensor.size(0), 3);
    EXPECT_TRUE(at::equal(tensor[0], before.at(name)[4])) << name;
    EXPECT_TRUE(at::equal(tensor[2], before.at(name)[1])) << name;
  }
  const auto bias = after.at("head.classification_head.cls_logits.bias");
  EXPECT_NEAR(bias.sigmoid()[1].item<double>(), 0.01, 1e-6);  // a new class, as of a new head
  // What is trained of it leaves the detector that it was made of as it is.
  const torch::NoGradGuard no_grad;
  for (auto& parameter : other.head()->parameters())
    parameter.zero_();
  for (const auto& [name, tensor] : whole.to_checkpoint())
    EXPECT_TRUE(at::equal(tensor, before.at(name))) << name;
}

TEST(Fcos, TensorsThatDoNotFitAreNamed) {
  const Golden golden("fcos_basic");
  try {
    new_detector(golden.folder, {}, {.classes = 3, .width = 40}, 1);
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("--width 40: expected a multiple of 32"));
  }
  const auto resnet = io::ModelFolder::at(source_dir() / "tests/golden/models/vit_timm");
  EXPECT_THROW(read_detector(resnet, {}), ModelError);
}

TEST(Suppression, ComparesBoxesOfOneClassAndKeepsTheSurest) {
  const auto boxes = torch::tensor({0.F, 0.F, 10.F, 10.F, 0.F, 0.F, 10.F, 9.F, 20.F, 20.F, 30.F, 30.F}).view({3, 4});
  const auto scores = torch::tensor({0.5F, 0.9F, 0.7F});
  EXPECT_TRUE(at::equal(suppressed_by_class(boxes, scores, torch::tensor({0L, 0L, 0L}), 0.6), torch::tensor({1L, 2L})));
  EXPECT_TRUE(
      at::equal(suppressed_by_class(boxes, scores, torch::tensor({0L, 1L, 0L}), 0.6), torch::tensor({1L, 2L, 0L})));
  // An overlap of 0.9 exactly is not more than 0.9.
  EXPECT_EQ(suppressed(boxes, scores, 0.9F).size(0), 3);
}

TEST(Suppression, OfManyBoxesIsTheSameClassByClass) {
  const auto corner = torch::rand({1200, 2}) * 40, side = torch::rand({1200, 2}) * 30 + 1;
  const auto boxes = at::cat({corner, corner + side}, 1), scores = torch::rand({1200});
  const auto labels = torch::randint(0, 3, {1200}, torch::kLong);
  const auto kept = suppressed_by_class(boxes, scores, labels, 0.5);
  at::Tensor expected;
  for (int64_t c = 0; c < 3; ++c) {
    const auto own = labels.eq(c).nonzero().squeeze(1);
    const auto stay = own.index_select(0, suppressed(boxes.index_select(0, own), scores.index_select(0, own), 0.5));
    expected = expected.defined() ? at::cat({expected, stay}) : stay;
  }
  EXPECT_TRUE(at::equal(std::get<0>(kept.sort()), std::get<0>(expected.sort())));
  EXPECT_TRUE(scores.index_select(0, kept).diff().le(0).all().item<bool>());
}

TEST(PhotoFit, KeepsTheShapeWithinBothBounds) {
  const io::Image wide{400, 100, std::vector<uint8_t>(400 * 100 * 3, 124)};
  const auto fit = fitted(wide, {800, 1333});
  EXPECT_EQ(fit.read, (data::Size{333, 1333}));
  EXPECT_EQ(padded(fit.read), (data::Size{352, 1344}));
  EXPECT_THROW(fitted(io::Image{1000, 1, std::vector<uint8_t>(3000)}, {96, 160}), DataError);
}

}  // namespace
}  // namespace graft::models::fcos
