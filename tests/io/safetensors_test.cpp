#include "graft/io/safetensors.h"

#include <cstring>
#include <optional>

#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::io {
namespace {

SafetensorsFile parse(std::string_view bytes) {
  return SafetensorsFile::parse(std::as_bytes(std::span(bytes)), nullptr, "f");
}

std::string file_of(std::string_view header, std::string_view data = "") {
  const std::uint64_t length = header.size();
  std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  return bytes.append(header).append(data);
}

std::string tensor(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return fmt::format(R"({{"w":{{"dtype":{},"shape":{},"data_offsets":{}}}}})", dtype, shape, offsets);
}

const float kValues[] = {1, 2, 3, 4, 5, 6};
const std::uint8_t kBytes[] = {7, 8, 9};

std::filesystem::path write_example(const TempFolder& folder) {
  write_safetensors(folder.path() / "f",
                    {{"bytes", Dtype::u8, {3}, std::as_bytes(std::span(kBytes))},
                     {"b", Dtype::f32, {3, 2}, std::as_bytes(std::span(kValues))},
                     {"a", Dtype::f32, {}, std::as_bytes(std::span(kValues, 1))},
                     {"none", Dtype::i64, {0, 4}, {}}},
                    {{"format", "pt"}, {"note", "\"quoted\"\n"}});
  return folder.path() / "f";
}

TEST(Safetensors, ReadsWhatItWrites) {
  const TempFolder folder;
  const auto file = SafetensorsFile::open(write_example(folder));
  ASSERT_EQ(file.tensors().size(), 4u);
  const auto* b = file.find("b");
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->dtype, Dtype::f32);
  EXPECT_THAT(b->shape, testing::ElementsAre(3, 2));
  ASSERT_EQ(b->bytes, sizeof kValues);
  EXPECT_EQ(std::memcmp(b->data, kValues, sizeof kValues), 0);
  EXPECT_THAT(file.find("none")->shape, testing::ElementsAre(0, 4));
  EXPECT_EQ(file.find("c"), nullptr);
  EXPECT_EQ(file.metadata().find("note")->second, "\"quoted\"\n");
}

// The layout of the safetensors library: widest type first, then by name; the header padded to eight bytes.
TEST(Safetensors, WritesTheLibrarysOwnLayout) {
  const TempFolder folder;
  const std::string bytes = content_of(write_example(folder));
  const std::string header = R"({"__metadata__":{"format":"pt","note":"\"quoted\"\n"},)"
                             R"("none":{"dtype":"I64","shape":[0,4],"data_offsets":[0,0]},)"
                             R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},)"
                             R"("b":{"dtype":"F32","shape":[3,2],"data_offsets":[4,28]},)"
                             R"("bytes":{"dtype":"U8","shape":[3],"data_offsets":[28,31]}})";
  EXPECT_EQ(bytes.substr(8, header.size()), header);
  EXPECT_EQ((bytes.size() - 31) % 8, 0u);
  EXPECT_EQ(bytes.substr(8 + header.size(), bytes.size() - 31 - 8 - header.size()).find_first_not_of(' '),
            std::string::npos);
}

TEST(Safetensors, KeepsTheMappingAliveThroughAView) {
  const TempFolder folder;
  std::optional<SafetensorsFile> file = SafetensorsFile::open(write_example(folder));
  const TensorView view = *file->find("bytes");
  file.reset();
  EXPECT_EQ(view.data[2], std::byte{9});
}

TEST(Safetensors, OpensAFileWithoutTensors) {
  EXPECT_TRUE(parse(file_of("{}")).tensors().empty());
}

TEST(Safetensors, RefusesEveryTruncation) {
  const TempFolder folder;
  const std::string bytes = content_of(write_example(folder));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_THROW(parse(std::string_view(bytes).substr(0, length)), FileError) << length;
  }
}

TEST(Safetensors, RefusesTrailingBytes) {
  EXPECT_ERROR(parse(file_of(tensor(R"("U8")", "[1]", "[0,1]"), "xy")), FileError, "1 bytes after the last tensor");
}

TEST(Safetensors, RefusesAHeaderThatClaimsTooMuch) {
  std::string huge = file_of("{}");
  std::memset(huge.data(), 0xff, 8);
  EXPECT_ERROR(parse(huge), FileError, "the header claims 18446744073709551615 bytes, 2 follow");
}

TEST(Safetensors, RefusesAHeaderThatIsNoObject) {
  for (const auto* header : {"", "[]", "{", "nonsense", "{\"a\":\"\xff\"}", "7"}) {
    EXPECT_ERROR(parse(file_of(header)), FileError, "the header is not") << header;
  }
  EXPECT_ERROR(parse(file_of(std::string(100'000, '['))), FileError, "the header is not JSON");
}

TEST(Safetensors, RefusesAKeyThatStandsTwice) {
  const std::string w = R"("w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]})";
  EXPECT_ERROR(parse(file_of("{" + w + "," + w + "}")), FileError, "the header holds 'w' twice");
  EXPECT_ERROR(parse(file_of(R"({"w":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}})")), FileError,
               "holds 'dtype' twice");
}

TEST(Safetensors, RefusesEntriesThatMakeNoTensor) {
  const struct {
    std::string header, reason;
  } cases[] = {
      {R"({"w":7})", "expected exactly dtype, shape and data_offsets"},
      {R"({"w":{"dtype":"U8","shape":[1]}})", "expected exactly"},
      {tensor("5", "[1]", "[0,1]"), "dtype is not a string"},
      {tensor(R"("F31")", "[1]", "[0,1]"), "unknown dtype \"F31\""},
      {tensor(R"("U8")", "[-1]", "[0,1]"), "shape is not a list of sizes"},
      {tensor(R"("U8")", "[1.5]", "[0,1]"), "shape is not a list of sizes"},
      {tensor(R"("U8")", "[18446744073709551615]", "[0,1]"), "shape is not a list of sizes"},
      {tensor(R"("F32")", "[4294967296,4294967296]", "[0,1]"), "its shape overflows"},
      {tensor(R"("U8")", "[1]", "[0]"), "data_offsets are not two positions"},
      {tensor(R"("U8")", "[1]", "[1,0]"), "lie outside the 1 bytes of data"},
      {tensor(R"("U8")", "[2]", "[0,2]"), "lie outside the 1 bytes of data"},
      {tensor(R"("F32")", "[1]", "[0,1]"), "1 bytes of data, its shape and dtype need 4"},
      {R"({"__metadata__":{"a":1}})", "metadata 'a' is not a string"},
      {R"({"__metadata__":[]})", "__metadata__ is not a JSON object"},
  };
  for (const auto& [header, reason] : cases)
    EXPECT_ERROR(parse(file_of(header, "x")), FileError, reason) << header;
}

TEST(Safetensors, RefusesOverlapsAndHoles) {
  const auto two = [](std::string_view first, std::string_view second) {
    return fmt::format(
        R"({{"a":{{"dtype":"U8","shape":[2],"data_offsets":{}}},"b":{{"dtype":"U8","shape":[2],"data_offsets":{}}}}})",
        first, second);
  };
  EXPECT_EQ(parse(file_of(two("[2,4]", "[0,2]"), "0123")).tensors().size(), 2u);
  EXPECT_ERROR(parse(file_of(two("[0,2]", "[1,3]"), "012")), FileError, "tensor 'b' overlaps another");
  EXPECT_ERROR(parse(file_of(two("[0,2]", "[3,5]"), "01234")), FileError,
               "tensor 'b' is preceded by bytes of no tensor");
}

TEST(Safetensors, NamesADtypeThatIsNotSupportedOnlyWhenItIsAskedFor) {
  const std::string bytes = file_of(tensor(R"("F8_E4M3")", "[2]", "[0,2]"), "xy");
  const auto file = parse(bytes);
  EXPECT_TRUE(file.tensors().contains("w"));
  EXPECT_ERROR(file.find("w"), FileError, "tensor 'w' is stored as F8_E4M3, which is not supported");
}

TEST(Safetensors, LeavesTheOldFileWhenANameCannotBeWritten) {
  const TempFolder folder;
  const auto path = folder.put("f", "old");
  EXPECT_ERROR(write_safetensors(path, {{"\xff", Dtype::u8, {0}, {}}}), FileError, "not UTF-8");
  EXPECT_EQ(content_of(path), "old");
}

TEST(Dtype, NamesGoBothWays) {
  for (int i = 0; i <= static_cast<int>(Dtype::c64); ++i) {
    const auto dtype = static_cast<Dtype>(i);
    EXPECT_EQ(dtype_named(name_of(dtype)), dtype);
  }
  EXPECT_EQ(dtype_named("f32"), std::nullopt);
}

}  // namespace
}  // namespace graft::io
