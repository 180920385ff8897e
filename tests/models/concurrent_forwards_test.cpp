// One frozen model under several threads, from its very first forward on, when all of them find nothing packed. Built
// with the preset `tsan`, it also tells races that changed no number.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cctype>
#include <filesystem>
#include <functional>
#include <latch>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "graft/io/model_folder.h"
#include "graft/io/weights.h"
#include "graft/models/checkpoint.h"
#include "graft/models/clip/class_prompts.h"
#include "graft/models/model.h"
#include "tests/nn/inserts.h"
#include "tests/support/source_dir.h"
#include "tests/support/tiny_models.h"

namespace graft::models {
namespace {

constexpr int kThreads = 4, kForwards = 3;

// A thread a caller, and none of libtorch's own: the OpenMP runtime is not built for the thread sanitizer, which would
// not see how its threads wait for each other.
class OneThreadEach {
 public:
  OneThreadEach() { at::set_num_threads(1); }
  ~OneThreadEach() { at::set_num_threads(before_); }
  OneThreadEach(const OneThreadEach&) = delete;
  OneThreadEach& operator=(const OneThreadEach&) = delete;

 private:
  int before_ = at::get_num_threads();
};

// What each forward gave, of all threads; they start at the same moment.
std::vector<at::Tensor> from_all_threads(const std::function<at::Tensor()>& forward) {
  std::vector<std::vector<at::Tensor>> results(kThreads);
  std::latch start(kThreads);
  std::vector<std::thread> threads;
  for (auto& mine : results) {
    threads.emplace_back([&] {
      const torch::NoGradGuard no_grad;
      start.arrive_and_wait();
      for (int i = 0; i < kForwards; ++i)
        mine.push_back(forward());
    });
  }
  for (auto& thread : threads)
    thread.join();
  std::vector<at::Tensor> all;
  for (const auto& mine : results)
    all.insert(all.end(), mine.begin(), mine.end());
  return all;
}

void expect_all_equal(const std::vector<at::Tensor>& results, const at::Tensor& expected) {
  EXPECT_EQ(results.size(), static_cast<size_t>(kThreads * kForwards));
  for (const auto& result : results)
    EXPECT_TRUE(at::equal(result, expected));
}

struct Served {
  const char* name;
  const char* folder;  // below tests/golden/models: weights in a file, where they rest once they are packed
  nn::Tower tower;
  const char* linear;  // a map of that tower
};

std::ostream& operator<<(std::ostream& out, const Served& served) {
  return out << served.name;
}

class ConcurrentForwards : public ::testing::TestWithParam<std::tuple<Served, tensor::Precision>> {
 protected:
  const Served& served() const { return std::get<0>(GetParam()); }
  std::filesystem::path folder() const { return source_dir() / "tests/golden/models" / served().folder; }

  std::unique_ptr<Model> load() const {
    LoadOptions options;
    options.precision = std::get<1>(GetParam());
    return load_model(io::ModelFolder::at(folder()), options);
  }

  nn::Value input() const {
    const auto expected = io::Weights::open(folder() / "expected.safetensors");
    const bool images = served().tower == nn::Tower::vision;
    const auto x = to_float(expected.at(images ? "images" : "ids"));
    return {images ? x : x.to(at::kLong)};
  }

  // The outputs of a model that `prepare` made ready, in one thread and in many.
  void expect_the_same_in_threads(const std::function<void(Model&)>& prepare) const {
    const OneThreadEach one_thread_each;
    const auto alone = load(), shared = load();
    prepare(*alone);
    prepare(*shared);
    const auto value = input();
    const auto encode = [&](const Model& model) { return model.need(served().tower).encode(value, {}); };
    const torch::NoGradGuard no_grad;
    expect_all_equal(from_all_threads([&] { return encode(*shared); }), encode(*alone));
  }
};

TEST_P(ConcurrentForwards, AFrozenModelGivesEachThreadTheSameBits) {
  expect_the_same_in_threads([](Model&) {});
}

TEST_P(ConcurrentForwards, AnAdaptedModelGivesEachThreadTheSameBits) {
  torch::manual_seed(5);
  const auto low_rank = [&] {
    const auto site = load()->joint(served().linear).site();
    return std::make_shared<nn::LowRankInsert>(site.in, site.out, 3, 0.5);
  }();
  expect_the_same_in_threads([&](Model& model) { model.joint(served().linear).put(low_rank); });
}

TEST_P(ConcurrentForwards, ATunedModelGivesEachThreadTheSameBits) {
  expect_the_same_in_threads([&](Model& model) { model.freeze_all_but({std::string(served().linear) + ".weight"}); });
}

INSTANTIATE_TEST_SUITE_P(
    Models, ConcurrentForwards,
    ::testing::Combine(
        ::testing::Values(Served{"Vit", "vit_timm_registers", nn::Tower::vision, "vision.blocks.0.mlp.fc1"},
                          Served{"ClipImages", "clip_open_clip", nn::Tower::vision, "vision.blocks.1.attn.qkv"},
                          Served{"ClipTexts", "clip_open_clip", nn::Tower::text, "text.blocks.0.mlp.fc2"},
                          Served{"Bert", "bert_hf", nn::Tower::text, "text.blocks.1.attn.proj"}),
        ::testing::Values(tensor::Precision::fp32, tensor::Precision::bf16, tensor::Precision::int8)),
    [](const auto& info) {
      std::string precision(to_string(std::get<1>(info.param)));
      precision.front() = static_cast<char>(std::toupper(precision.front()));
      return std::get<0>(info.param).name + ("In" + precision);
    });

TEST(ConcurrentPrompts, ClassPromptsThatManyThreadsAskForFirstAreTheSameBits) {
  const OneThreadEach one_thread_each;
  const std::vector<std::string> classes = {"cat", "dog", "tram"}, templates = {"a photo of a {}.", "a {}."};
  const auto model = testing::tiny_clip();
  const ClassPrompts alone(testing::tiny_clip(), classes, templates), shared(model, classes, templates);
  const auto features = testing::random_tensor({5, model->reader().width(model->reader().last())}, 2);
  const auto logits = [&](const ClassPrompts& head) {
    nn::Context context;
    return head.forward(features, context);
  };
  const torch::NoGradGuard no_grad;
  expect_all_equal(from_all_threads([&] { return logits(shared); }), logits(alone));
}

}  // namespace
}  // namespace graft::models
