#include "graft/discovery/saliency/found/head.h"

#include <gmock/gmock.h>

#include "graft/core/error.h"
#include "tests/discovery/square_photos.h"
#include "tests/support/temp_folder.h"

namespace graft::discovery {
namespace {

using testing::HasSubstr;

at::Tensor head_golden(const std::string& name) {
  static const auto all = nn::read_tensors(source_dir() / "tests/golden/found_head.safetensors");
  return all.at(name);
}

std::filesystem::path released_head() {
  return source_dir() / "tests/golden/found_head.pt";
}

TEST(FoundHead, AnswersAsTheReleasedFilesConvolutionDoes) {
  const auto head = found::read_head(released_head());
  for (const std::string grid : {"one", "two"})
    EXPECT_LT(largest_difference(head.logits(seen_grid(grid).patches->keys), head_golden(grid + "/logits")), 1e-5);
  const auto way = make_saliency("found:head=" + released_head().string());
  EXPECT_FALSE(way->reads_attention());
  EXPECT_FALSE(way->content("x.jpg").empty());
  for (const std::string grid : {"one", "two"}) {
    const auto found = way->find(seen_grid(grid));
    const auto inside = (head_golden(grid + "/logits") > 0).sum().item<int64_t>();
    ASSERT_EQ(found.map.defined(), inside > 0 && inside < seen_grid(grid).patches->grid.count()) << grid << found.why;
    if (!found.map.defined()) continue;
    EXPECT_LT(largest_difference(found.map.flatten(), head_golden(grid + "/logits").sigmoid()), 1e-5);
  }
}

TEST(FoundHead, SafetensorsOfTheSameNamesAreTheSameHead) {
  const TempFolder folder;
  const auto head = found::read_head(released_head());
  nn::write_tensors(folder / "head.safetensors", head.named());
  const auto again = found::read_head(folder / "head.safetensors");
  EXPECT_TRUE(torch::equal(again.weight, head.weight));
  EXPECT_TRUE(torch::equal(again.bias, head.bias));
}

std::string refusal_of(const std::function<void()>& what) {
  try {
    what();
  } catch (const Error& error) {
    return error.what();
  }
  return "it was taken";
}

TEST(FoundHead, RefusesWhatIsNoHeadByName) {
  const TempFolder folder;
  const auto refused = [&](const nn::NamedTensors& tensors) {
    nn::write_tensors(folder / "odd.safetensors", tensors);
    return refusal_of([&] { found::read_head(folder / "odd.safetensors"); });
  };
  const auto weight = torch::zeros({1, 24, 1, 1}), bias = torch::zeros({1});
  EXPECT_THAT(refused({{"decoder.weight", weight}}), HasSubstr("got 1 of the two"));
  EXPECT_THAT(refused({{"decoder.weight", weight}, {"decoder.bias", bias}, {"encoder.bias", bias}}),
              HasSubstr("encoder.bias [1]"));
  EXPECT_THAT(refused({{"decoder.weight", torch::zeros({2, 24, 1, 1})}, {"decoder.bias", bias}}),
              HasSubstr("decoder.weight [2, 24, 1, 1]"));
  auto wide = seen_grid("one");
  wide.patches->keys = torch::rand({63, 30});
  const auto way = make_saliency("found:head=" + released_head().string());
  EXPECT_THAT(refusal_of([&] { way->find(wide); }), HasSubstr("patches 24 numbers wide, the model's have 30"));
  EXPECT_THAT(refusal_of([] { make_saliency("found:head=/nowhere.pt"); }), HasSubstr("/nowhere.pt"));
  EXPECT_THAT(refusal_of([] { make_saliency("found:train=true,head=" + released_head().string()); }),
              HasSubstr("expected one of them"));
  EXPECT_THAT(refusal_of([] { make_saliency("found:train=true,steps=0"); }), HasSubstr("expected 1 or more"));
}

TEST(FoundHead, LossOfBothPhasesAndItsGradientsArePyTorchs) {
  for (const std::string phase : {"early", "late"}) {
    auto head = found::read_head(released_head());
    head.weight.requires_grad_();
    head.bias.requires_grad_();
    std::vector<found::HeadStep> batch;
    for (const std::string grid : {"one", "two"})
      batch.push_back({seen_grid(grid).patches->keys,
                       phase == "early" ? head_golden(grid + "/background") : at::Tensor(), head_golden(grid + "/own"),
                       head_golden(grid + "/refined")});
    const auto loss = found::head_loss(head, batch);
    loss.backward();
    EXPECT_NEAR(loss.item<double>(), head_golden(phase + "/loss").item<double>(), 1e-5);
    EXPECT_LT(largest_difference(head.weight.grad(), head_golden(phase + "/weight")), 1e-5);
    EXPECT_LT(largest_difference(head.bias.grad(), head_golden(phase + "/bias")), 1e-5);
  }
}

TEST(FoundHead, StepsAreAdamW) {
  auto parameter = head_golden("adamw/start").clone().requires_grad_();
  HeadOptimizer optimizer({parameter});
  for (const auto& gradient : head_golden("adamw/gradients").unbind()) {
    parameter.mutable_grad() = gradient.clone();
    optimizer.step(5e-2);
  }
  EXPECT_LT(largest_difference(parameter.detach(), head_golden("adamw/end")), 1e-6);
}

TEST(FoundHead, AMaskMovesToThePhotosEdgesAndAStrayOneStays) {
  const auto photo = SquarePhotos().see(0);
  const found::EdgeFollower edges(*photo.pixels, photo.patches->grid);
  const auto object = SquarePhotos::object(0);
  auto frayed = object.clone();
  frayed[2][2] = false;
  frayed[4][2] = true;  // below it
  EXPECT_GT(overlap(edges.follow(frayed), object), overlap(frayed, object));
  auto speck = at::zeros_like(object);
  speck[7][9] = true;  // of the ground: the solver spreads it thin
  EXPECT_TRUE(torch::equal(edges.follow(speck), speck));
}

TEST(FoundHead, TrainedOnPhotosItIsBetterThanWhatItLearnedOf) {
  const SquarePhotos photos;
  Silent silent;
  const auto first = make_saliency("found"), trained = make_saliency("found:train=true,steps=150,batch=6");
  ASSERT_TRUE(trained->learns());
  const auto learnt = trained->learn(photos, silent);
  double before = 0, after = 0;
  for (size_t i = 0; i < photos.size(); ++i) {
    const auto photo = photos.see(i);
    before += overlap(first->find(photo).map > 0.5, SquarePhotos::object(i)) / static_cast<double>(photos.size());
    const auto found = trained->find(photo);
    ASSERT_TRUE(found.map.defined()) << found.why;
    after += overlap(found.map > 0.5, SquarePhotos::object(i)) / static_cast<double>(photos.size());
  }
  EXPECT_GT(after, before + 0.02) << before;
  EXPECT_GT(after, 0.9);

  // The same photos give the same numbers, which are all that is to be kept.
  const auto again = make_saliency("found:train=true,steps=150,batch=6"), kept = make_saliency("found:train=true");
  EXPECT_TRUE(torch::equal(again->learn(photos, silent).at("decoder.weight"), learnt.at("decoder.weight")));
  kept->recall(learnt);
  EXPECT_TRUE(torch::equal(kept->find(photos.see(3)).map, trained->find(photos.see(3)).map));
  const auto other = make_saliency("found:train=true,steps=150,batch=6,seed=2");
  EXPECT_FALSE(torch::equal(other->learn(photos, silent).at("decoder.weight"), learnt.at("decoder.weight")));
}

TEST(FoundHead, LearnsNothingWherePhotosAreOfOneColour) {
  class Grey final : public SeenPhotos {
   public:
    size_t size() const override { return 2; }
    SeenPhoto see(size_t) const override {
      auto photo = seen_pixels(plain(64, 80, 90));
      photo.patches =
          Patches{.keys = at::ones({80, 12}), .attention = at::full({2, 80}, 1.0 / 80), .grid = {8, 10}, .heads = 2};
      return photo;
    }
  };
  Silent silent;
  EXPECT_THROW(make_saliency("found:train=true")->learn(Grey(), silent), DataError);
}

}  // namespace
}  // namespace graft::discovery
