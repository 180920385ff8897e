#include "graft/io/onnx_file.h"
#include "graft/io/onnx_writer.h"

#include <gmock/gmock.h>

#include "graft/core/error.h"
#include "graft/io/numbers.h"
#include "graft/io/protobuf.h"
#include "graft/io/weights.h"
#include "tests/support/onnx_bytes.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_folder.h"

namespace graft::io {
namespace {

using namespace graft::testing;
using ::testing::HasSubstr;

OnnxFile parsed(const std::string& content) {
  const auto held = std::make_shared<const std::string>(content);
  return OnnxFile::parse(std::as_bytes(std::span(*held)), held, "a.onnx");
}

std::string refusal_of_onnx(const std::string& content) {
  try {
    parsed(content);
  } catch (const FileError& error) {
    return error.what();
  }
  return "it was taken";
}

std::string golden_model(const std::string& name) {
  const auto all = Weights::open(source_dir() / "tests/golden/onnx_operators.safetensors");
  const auto& view = all.at(name + "/model");
  return {reinterpret_cast<const char*>(view.data), view.bytes};
}

TEST(OnnxFile, SaysItsNodesTensorsAndWhatItReadsAndGives) {
  const auto file =
      parsed(onnx_model(onnx_input("x", {1, 3, 0}) + onnx_input("w", {2}) +
                        onnx_node("Add", {"x", "w"}, {"y"}, onnx_integer("axis", -1)) +
                        onnx_tensor("w", {2}, 1, std::string("\0\0\x80\x3f\0\0\0\x40", 8)) + onnx_output("y")));
  EXPECT_EQ(file.opset, 13);
  ASSERT_EQ(file.nodes.size(), 1u);
  EXPECT_EQ(file.nodes[0].describe(), "the Add node that gives 'y'");
  EXPECT_EQ(std::get<std::int64_t>(file.nodes[0].attributes[0].value), -1);
  ASSERT_EQ(file.inputs.size(), 1u);  // w is held
  EXPECT_THAT(*file.inputs[0].shape, ::testing::ElementsAre(1, 3, std::nullopt));
  EXPECT_THAT(floats_of(Dtype::f32, file.initializers.at("w").span()), ::testing::ElementsAre(1, 2));
  EXPECT_EQ(file.outputs[0].name, "y");
}

TEST(OnnxFile, ReadsATensorInAnotherFileOfItsFolderAndInNoOther) {
  const TempFolder folder;
  folder.put("w.bin", std::string("....\0\0\x80\x3f", 8));
  const auto held_elsewhere = [](std::string_view where, std::string_view offset) {
    const auto entry = [](std::string_view key, std::string_view value) {
      return bytes(13, bytes(1, key) + bytes(2, value));
    };
    return onnx_model(bytes(5, number(1, 1) + number(2, 1) + bytes(8, "w") + entry("location", where) +
                                   entry("offset", offset) + number(14, 1)));
  };
  const auto file = OnnxFile::open(folder.put("a.onnx", held_elsewhere("w.bin", "4")));
  EXPECT_THAT(floats_of(Dtype::f32, file.initializers.at("w").span()), ::testing::ElementsAre(1));
  const auto refused = [&](std::string_view where, std::string_view offset, const char* why) {
    try {
      OnnxFile::open(folder.put("a.onnx", held_elsewhere(where, offset)));
      ADD_FAILURE() << where << " was read";
    } catch (const FileError& error) {
      EXPECT_THAT(error.what(), HasSubstr(why));
    }
  };
  refused("../w.bin", "4", "expected one in the same folder");
  refused("/etc/passwd", "0", "expected one in the same folder");
  refused("w.bin", "5", "Is the copy complete?");
  refused("w.bin", "18446744073709551615", "Is the copy complete?");
  refused("w.bin", "x", "expected a number");
  refused("nowhere.bin", "0", "nowhere.bin");
  EXPECT_THAT(refusal_of_onnx(held_elsewhere("w.bin", "4")), HasSubstr("expected one in the same folder"));
}

TEST(OnnxFile, RefusesWhatItDoesNotUnderstandByName) {
  EXPECT_THAT(refusal_of_onnx("hello, this is no model"), HasSubstr("a.onnx"));
  EXPECT_THAT(refusal_of_onnx(onnx_model("") + number(99, 1)), HasSubstr("field 99 of a ModelProto"));
  EXPECT_THAT(refusal_of_onnx(number(1, 8)), HasSubstr("holds no graph"));
  EXPECT_THAT(refusal_of_onnx(number(1, 2) + bytes(7, "") + bytes(8, number(2, 9))), HasSubstr("IR version 2"));
  EXPECT_THAT(refusal_of_onnx(number(1, 8) + bytes(7, "")), HasSubstr("of which version its operators are"));
  EXPECT_THAT(refusal_of_onnx(onnx_model("") + bytes(25, "")), HasSubstr("functions"));
  EXPECT_THAT(refusal_of_onnx(onnx_model(onnx_tensor("w", {1}, 17, "x"))), HasSubstr("'w' is of ONNX's type 17"));
  EXPECT_THAT(refusal_of_onnx(onnx_model(onnx_tensor("w", {3}, 2, "xy"))),
              HasSubstr("has 2 bytes, where its shape asks for 3"));
  EXPECT_THAT(refusal_of_onnx(onnx_model(onnx_tensor("w", {-1}, 2, "xy"))), HasSubstr("has a length of -1"));
  EXPECT_THAT(refusal_of_onnx(onnx_model(onnx_tensor("w", {1ll << 40, 1ll << 40}, 1, "xy"))),
              HasSubstr("larger than there can be"));
  EXPECT_THAT(
      refusal_of_onnx(onnx_model(onnx_node("If", {"x"}, {"y"}, bytes(5, bytes(1, "then_branch") + bytes(6, ""))))),
      HasSubstr("the If node that gives 'y' holds a graph of its own ('then_branch')"));
  EXPECT_THAT(refusal_of_onnx(onnx_model(onnx_node("Add", {}, {"y"}, bytes(5, bytes(1, "axis"))))),
              HasSubstr("attribute 'axis' is of kind 0"));
  EXPECT_THAT(refusal_of_onnx(onnx_model(onnx_tensor("w", {1}, 2, "x") + onnx_tensor("w", {1}, 2, "x"))),
              HasSubstr("two tensors 'w'"));
}

TEST(OnnxFile, CutAtAnyByteIsRefused) {
  for (const char* name : {"network residual", "Conv", "Cast of halves in int32_data"}) {
    const auto whole = golden_model(name);
    parsed(whole);
    for (size_t length = 0; length < whole.size(); ++length)
      EXPECT_NE(refusal_of_onnx(whole.substr(0, length)), "it was taken") << name << " cut at " << length;
  }
}

TEST(OnnxFile, WithAnyByteChangedIsReadOrRefused) {
  const auto whole = golden_model("network attention");
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int change : {0x01, 0x80, 0xFF}) {
      auto changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ change);
      refusal_of_onnx(changed);  // any other error, or a read beyond the bytes, ends the test
    }
  }
}

TEST(OnnxWriter, WhatIsWrittenIsReadBack) {
  const TempFolder folder;
  const auto path = folder.path() / "model.onnx";
  const std::vector<float> numbers = {1, -2, 0.5};
  const TensorView view{.dtype = Dtype::f32,
                        .shape = {3, 1},
                        .data = reinterpret_cast<const std::byte*>(numbers.data()),
                        .bytes = 12,
                        .owner = nullptr};
  OnnxFile file;
  file.producer = "a test";
  file.ir_version = 8;
  file.opset = 17;
  file.initializers.emplace("w", view);
  file.inputs.push_back({.name = "x", .dtype = Dtype::i64, .shape = std::vector<std::optional<std::int64_t>>{{}, 4}});
  file.outputs.push_back({.name = "y", .dtype = Dtype::f32, .shape = std::nullopt});
  file.nodes.push_back({.name = "first",
                        .type = "Any",
                        .domain = {},
                        .inputs = {"x", "", "w"},
                        .outputs = {"y"},
                        .attributes = {{"real", 0.25f},
                                       {"whole", std::int64_t{-3}},
                                       {"text", std::string("linear")},
                                       {"tensor", view},
                                       {"reals", std::vector<float>{1, 2}},
                                       {"wholes", std::vector<std::int64_t>{-1, 1LL << 40}},
                                       {"texts", std::vector<std::string>{"a", "b"}}}});
  write_onnx(path, file, {{"key", "text"}});
  const auto read = OnnxFile::open(path);
  EXPECT_EQ(read.producer, "a test");
  EXPECT_EQ(read.ir_version, 8);
  EXPECT_EQ(read.opset, 17);
  ASSERT_EQ(read.initializers.size(), 1u);
  const auto& w = read.initializers.at("w");
  EXPECT_EQ(w.shape, view.shape);
  EXPECT_TRUE(std::ranges::equal(w.span(), view.span()));
  ASSERT_EQ(read.inputs.size(), 1u);
  EXPECT_EQ(read.inputs[0].shape, file.inputs[0].shape);
  EXPECT_EQ(read.inputs[0].dtype, Dtype::i64);
  ASSERT_EQ(read.nodes.size(), 1u);
  const auto& node = read.nodes[0];
  EXPECT_EQ(node.inputs, file.nodes[0].inputs);
  ASSERT_EQ(node.attributes.size(), 7u);
  for (size_t i = 0; i < 7; ++i) {
    const auto &got = node.attributes[i], &wanted = file.nodes[0].attributes[i];
    EXPECT_EQ(got.name, wanted.name);
    ASSERT_EQ(got.value.index(), wanted.value.index());
    if (const auto* tensor = std::get_if<TensorView>(&got.value)) {
      EXPECT_TRUE(std::ranges::equal(tensor->span(), view.span()));
    } else if (const auto* reals = std::get_if<std::vector<float>>(&got.value)) {
      EXPECT_EQ(*reals, std::get<std::vector<float>>(wanted.value));
    } else if (const auto* wholes = std::get_if<std::vector<std::int64_t>>(&got.value)) {
      EXPECT_EQ(*wholes, std::get<std::vector<std::int64_t>>(wanted.value));
    } else if (const auto* texts = std::get_if<std::vector<std::string>>(&got.value)) {
      EXPECT_EQ(*texts, std::get<std::vector<std::string>>(wanted.value));
    } else if (const auto* text = std::get_if<std::string>(&got.value)) {
      EXPECT_EQ(*text, std::get<std::string>(wanted.value));
    } else if (const auto* whole = std::get_if<std::int64_t>(&got.value)) {
      EXPECT_EQ(*whole, std::get<std::int64_t>(wanted.value));
    } else {
      EXPECT_EQ(std::get<float>(got.value), std::get<float>(wanted.value));
    }
  }
}

TEST(Protobuf, ReadsNothingBeyondItsBytes) {
  const auto first_field = [](const std::string& content) {
    ProtobufMessage message(std::as_bytes(std::span(content)), "Message", "a file");
    message.next();
    return message.field();
  };
  EXPECT_EQ(first_field(number(3, -1)), 3u);
  EXPECT_THROW(first_field(std::string(11, '\xff')), FileError);                         // a number without an end
  EXPECT_THROW(first_field(bytes(1, "abc").substr(0, 4)), FileError);                    // a length beyond the end
  EXPECT_THROW(first_field(std::string("\x0d\0\0", 3)), FileError);                      // half of 32 bits
  EXPECT_THROW(first_field(std::string("\x0b", 1)), FileError);                          // a group
  EXPECT_THROW(first_field(std::string("\0\0", 2)), FileError);                          // field 0
  EXPECT_THROW(first_field("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), FileError);  // 2^64 - 1 bytes
}

}  // namespace
}  // namespace graft::io
