// Every operator against ONNX Runtime, on models of a node or a few (tests/golden/make/onnx_operators.py).
#include <gmock/gmock.h>
#include <torch/types.h>

#include <map>
#include <set>

#include "graft/core/error.h"
#include "graft/io/weights.h"
#include "graft/models/checkpoint.h"
#include "graft/models/onnx/network.h"
#include "tests/support/source_dir.h"

namespace graft::models::onnx {
namespace {

const io::Weights& onnx_goldens() {
  static const auto all = io::Weights::open(source_dir() / "tests/golden/onnx_operators.safetensors");
  return all;
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  for (const auto& [name, view] : onnx_goldens().tensors()) {
    if (name.ends_with("/model")) names.push_back(name.substr(0, name.size() - 6));
  }
  return names;
}

io::OnnxFile model_of(const std::string& name) {
  const auto& view = onnx_goldens().at(name + "/model");
  return io::OnnxFile::parse(view.span(), view.owner, name);
}

std::vector<at::Tensor> tensors_of(const std::string& name, const std::string& kind) {
  std::vector<at::Tensor> tensors;
  for (int i = 0; onnx_goldens().tensors().contains(fmt::format("{}/{}.{}", name, kind, i)); ++i)
    tensors.push_back(view_of(onnx_goldens().at(fmt::format("{}/{}.{}", name, kind, i))).clone());
  return tensors;
}

class OnnxOperator : public ::testing::TestWithParam<std::string> {};

// Both sum in float32, in orders of their own: a few hundred terms agree to 1e-5 of the largest.
TEST_P(OnnxOperator, GivesWhatOnnxRuntimeGives) {
  const Network network(model_of(GetParam()));
  const auto got = network.run(tensors_of(GetParam(), "in"));
  const auto want = tensors_of(GetParam(), "out");
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    ASSERT_EQ(got[i].sizes(), want[i].sizes());
    ASSERT_EQ(got[i].scalar_type(), want[i].scalar_type());
    if (want[i].is_floating_point() && want[i].numel() > 0) {
      const double scale = std::max(1.0, want[i].abs().max().item<double>());
      EXPECT_LT((got[i] - want[i]).abs().max().item<double>(), 1e-5 * scale) << got[i] << want[i];
    } else {
      EXPECT_TRUE(at::equal(got[i], want[i])) << got[i] << want[i];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, OnnxOperator, ::testing::ValuesIn(case_names()), [](const auto& tested) {
  std::string name = tested.param;
  for (auto& letter : name)
    if (!std::isalnum(static_cast<unsigned char>(letter))) letter = '_';
  return name;
});

TEST(OnnxOperators, EachOfTheListHasACase) {
  std::set<std::string> tested;
  for (const auto& name : case_names()) {
    for (const auto& node : model_of(name).nodes)
      tested.insert(node.type);
  }
  for (const auto& one : operators())
    EXPECT_TRUE(tested.contains(one.type)) << one.type;
}

TEST(OnnxOperators, AreListedByNameWithRangesOfOpsetsThatDoNotOverlap) {
  const Operator* before = nullptr;
  for (const auto& one : operators()) {
    EXPECT_LE(one.first, one.last) << one.type;
    EXPECT_GE(one.first, kOldestOpset) << one.type;
    EXPECT_LE(one.last, kNewestOpset) << one.type;
    if (before) {
      EXPECT_LE(std::string_view(before->type), std::string_view(one.type));
      if (std::string_view(before->type) == one.type) {
        EXPECT_EQ(before->last + 1, one.first) << one.type;
      }
    }
    before = &one;
  }
}

// A file of which a byte is another: it runs, or is refused by an error of ours.
TEST(OnnxOperators, OfADamagedFileRunOrAreRefused) {
  const auto& view = onnx_goldens().at("network residual/model");
  const std::string whole(reinterpret_cast<const char*>(view.data), view.bytes);
  const auto inputs = tensors_of("network residual", "in");
  int ran = 0, refused = 0;
  for (size_t at = 0; at < whole.size(); ++at) {
    const auto changed = std::make_shared<std::string>(whole);
    (*changed)[at] = static_cast<char>((*changed)[at] ^ (at % 2 ? 0x01 : 0x44));
    try {
      const Network network(io::OnnxFile::parse(std::as_bytes(std::span(*changed)), changed, "damaged"));
      network.run(inputs);
      ++ran;
    } catch (const Error& error) {
      EXPECT_NE(error.exit_code(), 70) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(ran, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace graft::models::onnx
