// Towers written as ONNX, read again and run, against the library that made the model's golden.
#include <gmock/gmock.h>
#include <torch/types.h>

#include <algorithm>
#include <filesystem>

#include "graft/core/error.h"
#include "graft/io/onnx_writer.h"
#include "graft/models/checkpoint.h"
#include "graft/models/model.h"
#include "graft/models/onnx/graph_writer.h"
#include "graft/models/onnx/network.h"
#include "graft/models/onnx/written_network.h"
#include "graft/tensor/precision.h"
#include "graft/tensor/resting.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_folder.h"

namespace graft::models::onnx {
namespace {

using ::testing::HasSubstr;

using Tensors = std::vector<at::Tensor>;

io::OnnxFile written(const Computation& computation, const std::vector<NetworkInput>& inputs,
                     const nn::NamedTensors& weights = {}) {
  const torch::NoGradGuard no_grad;
  const tensor::UseKernels plain(tensor::Kernels::plain);
  return written_network(computation, inputs, {"y"}, weights);
}

// Through a file.
Network network_of(const io::OnnxFile& file) {
  const TempFolder folder;
  io::write_onnx(folder.path() / "model.onnx", file);
  return Network(io::OnnxFile::open(folder.path() / "model.onnx"));
}

nn::NamedTensors weights_of(const Model& model) {
  nn::NamedTensors weights;
  for (const auto& parameter : model.named_parameters())
    weights.emplace(parameter.key(), tensor::numbers_of(parameter.value()));
  return weights;
}

class WrittenTower : public ::testing::TestWithParam<const char*> {};

TEST_P(WrittenTower, GivesTheFeaturesOfTheLibraryThatMadeTheModel) {
  const torch::NoGradGuard no_grad;
  const auto path = source_dir() / "tests/golden/models" / GetParam();
  const auto goldens =
      io::Weights::open((std::filesystem::is_directory(path) ? path : path.parent_path()) / "expected.safetensors");
  const auto model = load_model(io::ModelFolder::at(path), {});
  const bool reads_text = model->reader().name() == nn::Tower::text;
  const auto golden = [&](const char* name) {
    const auto numbers = view_of(goldens.at(name));
    return reads_text && std::string(name) != "features" ? numbers.to(at::kLong) : numbers.to(at::kFloat);
  };
  Tensors read = reads_text ? Tensors{golden("ids"), golden("mask")} : Tensors{golden("images")};
  if (reads_text && goldens.find("types")) read.push_back(golden("types"));
  const auto computation = [&](const Tensors& inputs) -> Tensors {
    nn::Value value{inputs[0]};
    if (reads_text) value.present = inputs[1].to(at::kBool);
    if (inputs.size() > 2) value.types = inputs[2];
    nn::Context context;
    return {model->reader().encode(std::move(value), context)};
  };
  // Of three examples, whatever number the golden has.
  std::vector<NetworkInput> inputs;
  const std::vector<std::string> names = {"first", "second", "third"};
  for (size_t i = 0; i < read.size(); ++i) {
    const auto places = torch::arange(3).remainder(read[i].size(0));
    inputs.push_back({names[i], read[i].index_select(0, places)});
  }
  const auto file = written(computation, inputs, weights_of(*model));
  EXPECT_EQ(file.opset, kWrittenOpset);
  EXPECT_TRUE(std::ranges::any_of(file.initializers, [](const auto& entry) {
    return entry.first.ends_with("norm1.weight") || entry.first.ends_with("bn1.weight");
  })) << "weights lost their names";
  const auto network = network_of(file);
  Tensors needed;
  for (const auto& input : network.inputs())
    needed.push_back(read[static_cast<size_t>(std::ranges::find(names, input.name) - names.begin())]);
  EXPECT_LT(testing::relative_error(network.run(needed)[0], golden("features")), 1e-5);
  for (auto& each : needed)
    each = each.narrow(0, 0, 1);
  EXPECT_LT(testing::relative_error(network.run(needed)[0], golden("features").narrow(0, 0, 1)), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Models, WrittenTower,
                         ::testing::Values("clip_open_clip", "clip_hf", "vit_timm", "vit_timm_registers", "vit_hf",
                                           "dino/checkpoint.pth", "dinov2/dinov2_pretrain.pth", "dinov2_hf_registers",
                                           "resnet_basic", "resnet_bottleneck", "bert_hf", "distilbert_hf",
                                           "roberta_hf", "sentence_hf"),
                         [](const auto& info) {
                           std::string name = info.param;
                           name = name.substr(0, name.find('/'));
                           return name;
                         });

at::Tensor three(at::IntArrayRef of_one) {
  std::vector<int64_t> shape = {3};
  shape.insert(shape.end(), of_one.begin(), of_one.end());
  return torch::arange(c10::multiply_integers(shape), at::kFloat).reshape(shape) / 7 - 2;
}

// Operations that no tower needs in every form.
TEST(WrittenNetwork, ComputesWhatTheComputationDoes) {
  const std::vector<std::pair<const char*, Computation>> all = {
      {"open lengths in the middle",
       [](const Tensors& x) -> Tensors {
         return {x[0].view({-1, 2}).view({-1, 4, 6})};
       }},
      {"the examples folded into another axis",
       [](const Tensors& x) -> Tensors {
         return {x[0].reshape({2, -1, 6}).sum(1).expand({4, 2, 6}).reshape({-1, 6})};
       }},
      {"places counted",
       [](const Tensors& x) -> Tensors {
         return {x[0].gather(1, torch::arange(x[0].size(0)).clamp(0, 3).view({-1, 1, 1}).expand({-1, 1, 6}))};
       }},
      {"made of the number of examples",
       [](const Tensors& x) -> Tensors {
         return {torch::cat({torch::zeros({x[0].size(0), 1, 6}), x[0], torch::full({x[0].size(0), 2, 6}, 0.5)}, 1)};
       }},
      {"factors", [](const Tensors& x) -> Tensors { return {at::rsub(at::add(x[0], x[0], 3), 2, 0.5) - x[0] / 4}; }},
      {"truths",
       [](const Tensors& x) -> Tensors {
         const auto seen = x[0].gt(0).logical_and(x[0].le(1.5)).logical_not();
         return {x[0].masked_fill(seen, -7) + torch::where(seen.all(1, true), x[0], x[0] * 2)};
       }},
      {"activations",
       [](const Tensors& x) -> Tensors {
         return {at::gelu(x[0]) + at::gelu(x[0], "tanh") + at::silu(x[0]) + at::tanh(x[0]) + at::log_softmax(x[0], -1)};
       }},
      {"pieces",
       [](const Tensors& x) -> Tensors {
         const auto parts = x[0].chunk(4, 2);  // of 2, 2 and 2
         return {at::stack({parts[0], parts[2]}, 1).flatten(1, 2) * x[0].select(1, -1).narrow(1, 1, 2).unsqueeze(1)};
       }},
      {"reductions",
       [](const Tensors& x) -> Tensors {
         return {x[0].amax({1}) + x[0].mean({0, 1}, true).squeeze(0) + at::norm(x[0], 2, {1}, false) +
                 x[0].cumsum(1).select(1, 2) + x[0].argmax(1)};
       }},
      {"moved",
       [](const Tensors& x) -> Tensors {
         return {x[0].movedim(1, 2).permute({0, -1, 1}).slice(1, 1, 4, 2)};
       }},
      {"an image",
       [](const Tensors& x) -> Tensors {
         const auto photo = x[0].view({-1, 1, 4, 6});
         return {at::upsample_bilinear2d(at::max_pool2d(photo, 2), {8, 5}, false) +
                 at::adaptive_avg_pool2d(at::constant_pad_nd(photo, {1, 2, 0, 1}, 3), {1, 1})};
       }},
  };
  for (const auto& [what, computation] : all) {
    const auto network = network_of(written(computation, {{"x", three({4, 6})}}));
    for (const int64_t examples : {2, 4}) {
      const auto x = torch::sin(torch::arange(examples * 24, at::kFloat)).view({examples, 4, 6}) * 3;
      const auto wanted = computation({x})[0], got = network.run({x})[0];
      ASSERT_EQ(got.sizes(), wanted.sizes()) << what;
      EXPECT_LT(testing::relative_error(got, wanted), 1e-6) << what;
    }
  }
}

TEST(WrittenNetwork, LeavesOutWhatNoOutputNeeds) {
  const auto computation = [](const Tensors& x) -> Tensors {
    x[0].exp().sum();
    return {x[1].relu()};
  };
  const auto file = written(computation, {{"x", three({2})}, {"z", three({2})}});
  ASSERT_EQ(file.inputs.size(), 1u);
  EXPECT_EQ(file.inputs[0].name, "z");
  EXPECT_EQ(file.nodes.size(), 2u);
}

std::string refusal_of(const Computation& computation) {
  try {
    written(computation, {{"x", three({4, 6})}});
  } catch (const ModelError& error) {
    return error.what();
  }
  return "it was written";
}

TEST(WrittenNetwork, RefusesByNameWhatItCannotWrite) {
  EXPECT_THAT(refusal_of([](const Tensors& x) -> Tensors { return {at::digamma(x[0]) + at::erfinv(x[0])}; }),
              HasSubstr("aten::digamma, aten::erfinv"));
  EXPECT_THAT(
      refusal_of([](const Tensors& x) -> Tensors { return {x[0].size(0) > 2 ? x[0].relu().exp() : x[0].exp()}; }),
      HasSubstr("otherwise for three examples than for two"));
  EXPECT_THAT(refusal_of([](const Tensors& x) -> Tensors { return {x[0].narrow(0, 0, x[0].size(0) - 1)}; }),
              HasSubstr("no multiple of their number"));
  EXPECT_THAT(refusal_of([](const Tensors& x) -> Tensors { return {x[0] * static_cast<double>(x[0].size(0))}; }),
              HasSubstr("depends on the number of examples"));
  EXPECT_THAT(refusal_of([](const Tensors&) -> Tensors { return {torch::ones({2})}; }),
              HasSubstr("does not depend on what is read"));
}

}  // namespace
}  // namespace graft::models::onnx
