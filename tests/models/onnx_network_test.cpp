// Graphs that an exporter would not write, and those that graft does not run: each is refused by name.
#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/models/onnx/network.h"
#include "tests/support/onnx_bytes.h"

namespace graft::models::onnx {
namespace {

using namespace graft::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;

Network network_of(const std::string& graph, int64_t opset = 13, const std::vector<std::string>& wanted = {}) {
  const auto held = std::make_shared<const std::string>(onnx_model(graph, opset));
  return Network(io::OnnxFile::parse(std::as_bytes(std::span(*held)), held, "a.onnx"), wanted);
}

const std::string kMap = onnx_input("x", {1, 2, 4, 4}), kGives = onnx_output("y");

// Opened, and run on a map of ones.
std::string refusal_of(const std::string& graph, int64_t opset = 13, const std::vector<int64_t>& shape = {1, 2, 4, 4}) {
  try {
    network_of(graph, opset).run({torch::ones(shape)});
  } catch (const Error& error) {
    EXPECT_TRUE(error.exit_code() == 3 || error.exit_code() == 4) << error.what();
    return error.what();
  }
  return "it ran";
}

TEST(OnnxNetwork, RunsOnlyWhatTheWantedOutputsNeed) {
  const auto graph = kMap + onnx_node("Relu", {"x"}, {"a"}) + onnx_node("Neg", {"a"}, {"y"}) +
                     onnx_node("Gather", {"a", "x"}, {"broken"}) + kGives + onnx_output("broken");
  const auto network = network_of(graph, 13, {"y"});
  EXPECT_TRUE(at::equal(network.run({torch::ones({1, 2, 4, 4})})[0], -torch::ones({1, 2, 4, 4})));
  EXPECT_THAT(refusal_of(graph), HasSubstr("the Gather node that gives 'broken'"));
  EXPECT_EQ(network.maker_of(0)->type, "Neg");
}

TEST(OnnxNetwork, SaysWhichNodeMadeAnOutputThatWasMovedSince) {
  const auto network = network_of(kMap + onnx_node("Sigmoid", {"x"}, {"a"}) + onnx_node("Identity", {"a"}, {"b"}) +
                                  onnx_node("Transpose", {"b"}, {"y"}) + kGives);
  EXPECT_EQ(network.maker_of(0)->type, "Sigmoid");
  EXPECT_EQ(network_of(kMap + onnx_output("x")).maker_of(0), nullptr);
}

TEST(OnnxNetwork, RefusesAtOnceAllThatItDoesNotUnderstand) {
  const auto said = refusal_of(kMap + onnx_node("Sigmoyd", {"x"}, {"a"}) +
                               onnx_node("MaxPool", {"a"}, {"b"}, onnx_integer("kernel", 2)) +
                               onnx_node("Gelu", {"b"}, {"c"}) + onnx_node("Relu", {"c", "b"}, {"y"}) + kGives);
  EXPECT_THAT(
      said, AllOf(HasSubstr("the Sigmoyd node that gives 'a': no such operator is understood (did you mean Sigmoid?)"),
                  HasSubstr("attribute 'kernel' is not understood in opset 13"),
                  HasSubstr("it is understood in opset 20 to 25"), HasSubstr("2 inputs, expected 1")));
  EXPECT_THAT(refusal_of(kMap + onnx_node("Relu", {"x"}, {"y"}, bytes(7, "com.microsoft")) + kGives),
              HasSubstr("of 'com.microsoft', not ONNX's own"));
  EXPECT_THAT(refusal_of(kMap + onnx_node("Concat", {"x"}, {"y"}, onnx_text("axis", "1")) + kGives),
              HasSubstr("attribute 'axis' is a text, expected a whole number"));
  EXPECT_THAT(refusal_of(kMap + onnx_node("Relu", {"x"}, {"y"}) + kGives, 6), HasSubstr("opset 6: expected 7 to 25"));
  EXPECT_THAT(refusal_of(kMap + onnx_node("Relu", {"x"}, {"y"}) + kGives, 99), HasSubstr("opset 99"));
}

TEST(OnnxNetwork, RunsNodesInTheOrderOfTheirWorkWhateverTheFilesIs) {
  const auto network = network_of(kMap + onnx_node("Sub", {"x", "b"}, {"y"}) + onnx_node("Neg", {"a"}, {"b"}) +
                                  onnx_node("Relu", {"x"}, {"a"}) + kGives);
  EXPECT_TRUE(at::equal(network.run({torch::ones({1, 2, 4, 4})})[0], torch::full({1, 2, 4, 4}, 2.f)));
}

TEST(OnnxNetwork, MultipliesWithAConstantMatrixAsWithAGivenOne) {
  const auto weight = torch::randn({64, 81});
  const auto held = onnx_tensor("w", {64, 81}, 1, {static_cast<const char*>(weight.data_ptr()), weight.nbytes()});
  for (const auto& shape : std::vector<std::vector<int64_t>>{{5, 64}, {2, 3, 7, 64}, {64}}) {
    const auto x = torch::randn(shape);
    const auto network = network_of(onnx_input("x", shape) + held + onnx_node("MatMul", {"x", "w"}, {"y"}) + kGives);
    const auto got = network.run({x})[0], want = at::matmul(x, weight);
    ASSERT_EQ(got.sizes(), want.sizes());
    EXPECT_LT((got - want).abs().max().item<double>(), 1e-4);
  }
  EXPECT_THAT(refusal_of(kMap + held + onnx_node("MatMul", {"x", "w"}, {"y"}) + kGives),
              HasSubstr("expected float32 rows of 64"));
}

TEST(OnnxNetwork, RefusesCyclesAndValuesThatNothingGives) {
  EXPECT_THAT(
      refusal_of(kMap + onnx_node("Add", {"x", "b"}, {"a"}) + onnx_node("Relu", {"a"}, {"b"}) + onnx_output("b")),
      HasSubstr("the Add node that gives 'a': reads, through others, what it gives itself (a cycle)"));
  EXPECT_THAT(refusal_of(kMap + onnx_node("Add", {"x", "b"}, {"y"}) + kGives),
              HasSubstr("reads 'b', which nothing gives"));
  EXPECT_THAT(refusal_of(kMap + onnx_node("Relu", {"x"}, {"x"}) + onnx_output("x")),
              HasSubstr("'x', which is there already"));
  EXPECT_THAT(refusal_of(kMap + onnx_node("Relu", {"x"}, {"a"}) + kGives), HasSubstr("output 'y': nothing gives it"));
  EXPECT_THAT(refusal_of(kMap + onnx_node("Relu", {""}, {"y"}) + kGives), HasSubstr("input 0 is left out"));
  EXPECT_THAT(
      refusal_of(kMap + onnx_node("MaxPool", {"x"}, {"y", "places"}, onnx_integers("kernel_shape", {2, 2})) + kGives),
      HasSubstr("output 'places' (number 1) is not computed here"));
  EXPECT_THAT(refusal_of(kMap), HasSubstr("its graph gives nothing"));
}

TEST(OnnxNetwork, RefusesInputsOfAnotherShape) {
  const auto graph = onnx_input("x", {1, 2, 0, 4}) + onnx_node("Relu", {"x"}, {"y"}) + kGives;
  EXPECT_EQ(refusal_of(graph, 13, {1, 2, 9, 4}), "it ran");
  EXPECT_THAT(refusal_of(graph, 13, {1, 2, 9, 5}), HasSubstr("input 'x': expected [1, 2, ?, 4], got [1, 2, 9, 5]"));
  EXPECT_THROW(network_of(graph).run({}), ShapeError);
}

TEST(OnnxNetwork, RefusesValuesThatAreTooLargeBeforeItMakesThem) {
  const int64_t much = int64_t{1} << 40;
  const std::string too_much = "numbers: expected at most";
  EXPECT_THAT(
      refusal_of(kMap + onnx_list("s", {much, much, much}) + onnx_node("ConstantOfShape", {"s"}, {"y"}) + kGives, 13),
      HasSubstr(too_much));
  EXPECT_THAT(refusal_of(kMap + onnx_list("s", {much, 1, 2, 4, 4}) + onnx_node("Expand", {"x", "s"}, {"y"}) + kGives),
              HasSubstr(too_much));
  EXPECT_THAT(
      refusal_of(kMap + onnx_list("s", {0, 0, 0, 0, 0, much, 0, 0}) + onnx_node("Pad", {"x", "s"}, {"y"}) + kGives),
      HasSubstr(too_much));
  EXPECT_THAT(
      refusal_of(kMap + onnx_list("s", {1, 1, 1 << 20, 1 << 20}) + onnx_node("Tile", {"x", "s"}, {"y"}) + kGives),
      HasSubstr(too_much));
  EXPECT_THAT(refusal_of(kMap + onnx_list("s", {1, 2, 1 << 20, 1 << 20}) +
                         onnx_node("Resize", {"x", "", "", "s"}, {"y"}) + kGives),
              HasSubstr(too_much));
  // A thousand times as many from node to node, each a view of what is there.
  auto grown = kMap + onnx_list("s", {1024, 1}) + onnx_list("flat", {-1}) + onnx_node("Reshape", {"x", "flat"}, {"v0"});
  for (int i = 0; i < 7; ++i) {
    const auto from = "v" + std::to_string(i), wide = "w" + std::to_string(i), to = "v" + std::to_string(i + 1);
    grown += onnx_node("Expand", {from, "s"}, {wide}) + onnx_node("Reshape", {wide, "flat"}, {to});
  }
  EXPECT_THAT(refusal_of(grown + onnx_output("v7")), HasSubstr(too_much));
}

TEST(OnnxNetwork, RefusesWhatDoesNotFitWithTheNode) {
  const auto pooled = [](const std::string& attributes) {
    return refusal_of(kMap + onnx_node("MaxPool", {"x"}, {"y"}, attributes) + kGives);
  };
  EXPECT_THAT(pooled(""), HasSubstr("does not say its kernel_shape"));
  EXPECT_THAT(pooled(onnx_integers("kernel_shape", {2, 0})), HasSubstr("a kernel of length 0"));
  EXPECT_THAT(pooled(onnx_integers("kernel_shape", {2, 2}) + onnx_integers("strides", {0, 1})), HasSubstr("strides 0"));
  EXPECT_THAT(pooled(onnx_integers("kernel_shape", {9, 2})), HasSubstr("windows of 9 on a map of 4"));
  EXPECT_THAT(pooled(onnx_integers("kernel_shape", {2, 2}) + onnx_integers("pads", {2, 0, 0, 0})),
              HasSubstr("padding alone"));
  EXPECT_THAT(pooled(onnx_integers("kernel_shape", {2, 2}) + onnx_text("auto_pad", "SAME")),
              HasSubstr("auto_pad 'SAME'"));
  EXPECT_THAT(refusal_of(kMap + onnx_list("s", {3, -1}) + onnx_node("Reshape", {"x", "s"}, {"y"}) + kGives),
              HasSubstr("32 numbers in rows of 3"));
  EXPECT_THAT(refusal_of(kMap + onnx_list("i", {2}) + onnx_node("Gather", {"x", "i"}, {"y"}) + kGives),
              HasSubstr("a place outside of a length of 1"));
  EXPECT_THAT(refusal_of(kMap + onnx_list("i", {0}) + onnx_node("Div", {"i", "i"}, {"y"}) + kGives),
              HasSubstr("divided by 0"));
  EXPECT_THAT(
      refusal_of(kMap + onnx_tensor("w", {3, 1}, 1, std::string(12, '\0')) + onnx_node("Add", {"x", "w"}, {"y"}) +
                 kGives),
      HasSubstr("the Add node that gives 'y': its inputs, of shapes [1, 2, 4, 4] and [3, 1], do not go together"));
  EXPECT_THAT(refusal_of(kMap + onnx_list("w", {3}) + onnx_node("Add", {"x", "w"}, {"y"}) + kGives),
              HasSubstr("expected one type"));
  EXPECT_THAT(refusal_of(kMap + onnx_list("s", {1, 2, 8, 8}) +
                         onnx_node("Resize", {"x", "", "", "s"}, {"y"},
                                   onnx_text("coordinate_transformation_mode", "tf_crop_and_resize")) +
                         kGives),
              HasSubstr("coordinate_transformation_mode 'tf_crop_and_resize'"));
}

}  // namespace
}  // namespace graft::models::onnx
