// GGUF files against gguf-py, which wrote them: tests/golden/make/gguf_files.py.
#include "graft/io/gguf.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>

#include "graft/io/gguf_writer.h"
#include "graft/io/llama2c.h"
#include "graft/io/weights.h"
#include "tests/io/expect_error.h"
#include "tests/support/source_dir.h"
#include "tests/support/temp_folder.h"

namespace graft::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::filesystem::path gguf_golden(const std::string& name) {
  return source_dir() / "tests/golden/gguf" / name;
}

std::vector<float> floats_of(const GgufTensor& tensor) {
  std::vector<float> numbers(static_cast<size_t>(tensor.rows() * tensor.width()));
  dequantise(tensor.type, tensor.data, numbers);
  return numbers;
}

// A file by hand: little-endian numbers and texts behind their lengths.
struct Bytes {
  std::string all = "GGUF";
  template <class T>
  Bytes& number(T value) {
    all.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Bytes& u32(uint32_t value) { return number(value); }
  Bytes& u64(uint64_t value) { return number(value); }
  Bytes& text(std::string_view value) {
    u64(value.size());
    all += value;
    return *this;
  }
  Bytes& header(uint64_t tensors, uint64_t entries, uint32_t version = 3) {
    return u32(version).u64(tensors).u64(entries);
  }
  Bytes& tensor(std::string_view name, std::vector<uint64_t> dimensions, uint32_t type, uint64_t offset) {
    text(name).u32(static_cast<uint32_t>(dimensions.size()));
    for (const auto size : dimensions)
      u64(size);
    return u32(type).u64(offset);
  }
  Bytes& data(size_t bytes) {
    all.resize((all.size() + 31) / 32 * 32);
    all.resize(all.size() + bytes);
    return *this;
  }
};

GgufFile parsed(const Bytes& bytes) {
  return GgufFile::parse(std::as_bytes(std::span(bytes.all)), nullptr, "made.gguf");
}

TEST(Gguf, ReadsMetadataOfEveryKind) {
  const auto file = GgufFile::open(gguf_golden("blocks.gguf"));
  const auto& said = file.metadata();
  EXPECT_EQ(file.version(), 3);
  EXPECT_EQ(said.text("general.architecture"), "none");
  EXPECT_EQ(said.integer("test.u8"), 200);
  EXPECT_EQ(said.integer("test.i8"), -100);
  EXPECT_EQ(said.integer("test.u16"), 60000);
  EXPECT_EQ(said.integer("test.i16"), -30000);
  EXPECT_EQ(said.integer("test.u32"), 4000000000);
  EXPECT_EQ(said.integer("test.i32"), -2000000000);
  EXPECT_EQ(said.integer("test.i64"), -(int64_t{1} << 62));
  EXPECT_EQ(said.number("test.f32"), 0.5);
  EXPECT_EQ(said.number("test.f64"), 0.1);
  EXPECT_EQ(said.number("test.u8"), 200.0);
  EXPECT_EQ(said.flag("test.bool"), true);
  EXPECT_EQ(said.text("test.text"), "grün");
  EXPECT_THAT(said.texts("test.texts"), ElementsAre("a", "", "été"));
  EXPECT_THAT(said.integers("test.integers"), ElementsAre(3, -1, 2));
  EXPECT_THAT(said.numbers("test.floats"), ElementsAre(0.5, -2.0));
  EXPECT_THAT(said.flags("test.flags"), ElementsAre(true, false, true));
  EXPECT_EQ(said.integer("test.nothing"), std::nullopt);
  EXPECT_TRUE(said.texts("test.nothing").empty());
  EXPECT_ERROR(said.integer("test.u64"), FileError, "metadata 'test.u64': expected an integer, got a u64.");
  EXPECT_ERROR(said.integer("test.text"), FileError, "metadata 'test.text': expected an integer, got a text.");
  EXPECT_ERROR(said.texts("test.integers"), FileError, "expected a list of texts, got a list of 3 of kind i32.");
  EXPECT_ERROR(said.flag("test.u8"), FileError, "expected true or false, got a u8.");
}

TEST(Gguf, BlocksAreTheNumbersOfGgufPyToTheBit) {
  const auto file = GgufFile::open(gguf_golden("blocks.gguf"));
  int types = 0;
  for (const auto& [name, tensor] : file.tensors()) {
    const auto found = file.tensors().find(name + ".expected");
    if (found == file.tensors().end()) continue;
    ++types;
    const auto got = floats_of(tensor), expected = floats_of(found->second);
    ASSERT_EQ(got.size(), expected.size()) << name;
    EXPECT_EQ(std::memcmp(got.data(), expected.data(), got.size() * sizeof(float)), 0) << name;
  }
  EXPECT_EQ(types, 13);
}

TEST(Gguf, NumbersAreWrittenAsGgufPyWritesThem) {
  const auto file = GgufFile::open(gguf_golden("blocks.gguf"));
  const auto numbers = floats_of(file.tensors().at("numbers"));
  for (const auto type : {GgmlType::f16, GgmlType::bf16, GgmlType::q8_0}) {
    const auto& format = format_of(type);
    const auto expected = file.tensors().at(std::string(format.name) + ".written").data;
    std::vector<std::byte> got(numbers.size() / format.numbers * format.bytes);
    // F16 was written as int8 of its bytes, which is what they are.
    ASSERT_EQ(got.size(), expected.size()) << format.name;
    quantise(type, numbers, got);
    EXPECT_EQ(std::memcmp(got.data(), expected.data(), got.size()), 0) << format.name;
  }
}

TEST(Gguf, WhatIsWrittenIsReadBack) {
  const TempFolder folder;
  GgufWriter writer;
  writer.put("general.architecture", "llama");
  writer.put("a.number", 7U);
  writer.put("a.real", 0.5F);
  writer.put("a.flag", true);
  writer.put("some.texts", std::vector<std::string>{"x", "", "ü"});
  writer.put("some.reals", std::vector<float>{1, -2});
  writer.put("some.integers", std::vector<int32_t>{-1, 5});
  const std::vector<float> row{1, -2, 3, 0.25F, 7};
  writer.add("vector", GgmlType::f32, {5}, [&] { return row; });
  std::vector<float> wide(64);
  for (size_t i = 0; i < wide.size(); ++i)
    wide[i] = static_cast<float>(i) - 20;
  for (const auto type : {GgmlType::f16, GgmlType::bf16, GgmlType::q8_0})
    writer.add(format_of(type).name, type, {2, 32}, [&] { return wide; });
  writer.write(folder.path() / "w.gguf");
  const auto file = GgufFile::open(folder.path() / "w.gguf");
  EXPECT_EQ(file.metadata().text("general.architecture"), "llama");
  EXPECT_EQ(file.metadata().integer("a.number"), 7);
  EXPECT_EQ(file.metadata().number("a.real"), 0.5);
  EXPECT_EQ(file.metadata().flag("a.flag"), true);
  EXPECT_THAT(file.metadata().texts("some.texts"), ElementsAre("x", "", "ü"));
  EXPECT_THAT(file.metadata().numbers("some.reals"), ElementsAre(1, -2));
  EXPECT_THAT(file.metadata().integers("some.integers"), ElementsAre(-1, 5));
  EXPECT_EQ(floats_of(file.tensors().at("vector")), row);
  EXPECT_EQ(floats_of(file.tensors().at("F16")), wide);
  EXPECT_EQ(floats_of(file.tensors().at("BF16")), wide);
  EXPECT_THAT(file.tensors().at("Q8_0").shape, ElementsAre(2, 32));
  EXPECT_NEAR(floats_of(file.tensors().at("Q8_0"))[63], 43, 43.0 / 254);
  const auto weights = Weights::open(folder.path() / "w.gguf");
  EXPECT_EQ(weights.metadata().at("general.architecture"), "llama");
  EXPECT_EQ(weights.at("F16").dtype, Dtype::f16);
  EXPECT_THAT(weights.at("Q8_0").shape, ElementsAre(2, 34));  // as bytes
}

TEST(Gguf, RefusesWhatLies) {
  const auto refused = [](const Bytes& bytes, const char* says) { EXPECT_ERROR(parsed(bytes), FileError, says); };
  refused(Bytes().header(0, 0, 1), "version 1: graft reads 2 and 3.");
  refused(Bytes().header(0, 0, 3U << 24), "its numbers are big-endian");
  refused(Bytes().header(uint64_t{1} << 60, 0), "tensors are said to follow in 0 bytes.");
  refused(Bytes().header(0, uint64_t{1} << 60), "metadata entries are said to follow in 0 bytes.");
  refused(Bytes().header(0, 1).u64(uint64_t{1} << 50).text("long enough to hold"), "a metadata key at byte 32 needs");
  refused(Bytes().header(0, 1).text("").u32(0).u64(0), "metadata entry 0 at byte 24 has no key.");
  refused(Bytes().header(0, 2).text("k").u32(0).number(uint8_t{1}).text("k").u32(0).number(uint8_t{1}),
          "metadata 'k' stands there twice.");
  refused(Bytes().header(0, 1).text("k").u32(13).u64(0), "metadata 'k': kind 13 of value: expected 0 to 12.");
  refused(Bytes().header(0, 1).text("k").u32(7).number(uint8_t{2}).u64(0), "a bool that is 2: expected 0 or 1.");
  refused(Bytes().header(0, 1).text("k").u32(9).u32(9).u64(1).u64(0), "a list of lists");
  refused(Bytes().header(0, 1).text("k").u32(9).u32(10).u64(uint64_t{1} << 61).u64(0),
          "2305843009213693952 values in the 8 bytes that are left");
  refused(Bytes().header(0, 1).text("k").u32(9).u32(8).u64(2).text("a"), "metadata 'k' at byte");
  refused(Bytes().header(0, 1).text("general.alignment").u32(10).u64(32), "expected a number of kind u32, got a u64");
  refused(Bytes().header(0, 1).text("general.alignment").u32(4).u32(24), "general.alignment = 24: expected a power");
  refused(Bytes().header(0, 1).text("split.count").u32(2).number(uint16_t{3}), "one of 3 parts of a model");
  refused(Bytes().header(1, 0).tensor("t", {4}, 4, 0).data(16), "Q4_2, which was removed from the format");
  refused(Bytes().header(1, 0).tensor("t", {256}, 16, 0).data(256), "type IQ2_XXS, which graft does not read");
  refused(Bytes().header(1, 0).tensor("t", {4}, 99, 0).data(16), "type number 99");
  refused(Bytes().header(1, 0).tensor("t", {33}, 8, 0).data(64), "rows of 33 numbers are no whole blocks of Q8_0's 32");
  refused(Bytes().header(1, 0).tensor("t", {4, 1, 1, 1, 1}, 0, 0).data(16), "has 5 dimensions: expected at most 4.");
  refused(Bytes().header(1, 0).tensor("t", {uint64_t{1} << 40, uint64_t{1} << 40}, 0, 0).data(16), "overflow");
  refused(Bytes().header(1, 0).tensor("t", {uint64_t{1} << 63}, 0, 0).data(16), "its dimensions overflow.");
  refused(Bytes().header(1, 0).tensor(std::string(64, 'n'), {4}, 0, 0).data(16), "a name of 64 bytes");
  refused(Bytes().header(1, 0).tensor("t", {4}, 0, 32).data(64), "said to lie at 32: expected 0");
  refused(Bytes().header(1, 0).tensor("t", {4}, 0, 0).data(15), "needs 16 bytes from byte 64 on, the file has 79.");
  refused(Bytes().header(2, 0).tensor("t", {4}, 0, 0).tensor("t", {4}, 0, 32).data(48),
          "tensor 't' stands there twice");
  refused(Bytes().header(2, 0).tensor("t", {4}, 0, 0).tensor("u", {4}, 0, 16).data(48),
          "said to lie at 16: expected 32");
  EXPECT_ERROR(GgufFile::parse({}, nullptr, "x"), FileError, "begins with GGUF");
}

TEST(Gguf, RefusesAFileCutAnywhere) {
  std::ifstream in(gguf_golden("blocks_llama.gguf"), std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto bytes = std::as_bytes(std::span(whole));
  EXPECT_NO_THROW(GgufFile::parse(bytes, nullptr, "whole"));
  for (size_t size = 0; size + 64 < whole.size(); size += 97)
    EXPECT_THROW(GgufFile::parse(bytes.first(size), nullptr, "cut"), FileError) << size;
}

TEST(Llama2c, TellsAModelByItsSizeAndNothingElse) {
  std::string bytes;
  const auto number = [&](int32_t value) { bytes.append(reinterpret_cast<const char*>(&value), 4); };
  for (const int32_t value : {4, 6, 1, 2, 1, 5, 3})  // width, hidden, layers, heads, heads of keys, words, length
    number(value);
  const int floats = 5 * 4 + 4 + 16 + 8 + 8 + 16 + 4 + 24 + 24 + 24 + 4 + 3 * 2;
  bytes.resize(bytes.size() + floats * 4);
  EXPECT_TRUE(is_llama2c(std::as_bytes(std::span(bytes))));
  const auto weights = read_llama2c(std::as_bytes(std::span(bytes)), nullptr, "m.bin");
  EXPECT_THAT(weights.at("layers.0.attention.wk.weight").shape, ElementsAre(2, 4));
  EXPECT_THAT(weights.at("layers.0.feed_forward.w2.weight").shape, ElementsAre(4, 6));
  EXPECT_EQ(weights.metadata().at("max_seq_len"), "3");
  EXPECT_FALSE(weights.tensors().contains("output.weight"));
  bytes.push_back('\0');
  EXPECT_FALSE(is_llama2c(std::as_bytes(std::span(bytes))));
}

}  // namespace
}  // namespace graft::io
