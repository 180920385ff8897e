#include "graft/io/tensorboard.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "graft/core/error.h"
#include "tests/support/temp_folder.h"

namespace graft::io {
namespace {

template <class Integer>
Integer take(std::string_view& bytes) {
  Integer value;
  std::memcpy(&value, bytes.data(), sizeof value);
  bytes.remove_prefix(sizeof value);
  return value;
}

// The payloads of a file of TFRecords, each checksum verified.
std::vector<std::string> records(const std::filesystem::path& path) {
  const std::string file = content_of(path);
  std::string_view rest = file;
  std::vector<std::string> payloads;
  while (!rest.empty()) {
    const auto length_bytes = rest.substr(0, 8);
    const auto length = take<std::uint64_t>(rest);
    EXPECT_EQ(take<std::uint32_t>(rest), masked_crc32c(length_bytes));
    payloads.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
    EXPECT_EQ(take<std::uint32_t>(rest), masked_crc32c(payloads.back()));
  }
  return payloads;
}

// The check value of CRC-32C, and a vector of RFC 3720 (B.4).
TEST(Tensorboard, ChecksumsAreCrc32c) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
}

TEST(Tensorboard, BeginsWithItsVersionAndHoldsTheScalars) {
  const TempFolder folder;
  TensorboardWriter writer(folder.path(), 1000.5);
  writer.scalar("loss", 300, 0.5f, 1001.5);
  writer.flush();
  const auto events = records(writer.path());
  ASSERT_EQ(events.size(), 2u);
  // Event: 1 = wall time (double), 3 = file version.
  EXPECT_EQ(events[0], std::string("\x09\0\0\0\0\0\x44\x8f\x40\x1a\x0d", 11) + "brain.Event:2");
  // Event: 1 = wall time, 2 = step (varint 300), 5 = summary { 1 = value { 1 = tag, 2 = simple value (float 0.5) } }.
  EXPECT_EQ(events[1],
            std::string("\x09\0\0\0\0\0\x4c\x8f\x40\x10\xac\x02\x2a\x0d\x0a\x0b\x0a\x04loss\x15\0\0\0\x3f", 27));
}

TEST(Tensorboard, NeverWritesIntoAnExistingFile) {
  const TempFolder folder;
  TensorboardWriter first(folder.path(), 1000), second(folder.path(), 1000);
  EXPECT_NE(first.path(), second.path());
  second.flush();
  EXPECT_EQ(records(second.path()).size(), 1u);
}

TEST(Tensorboard, SaysWhenTheFolderIsMissing) {
  EXPECT_THROW(TensorboardWriter("/nowhere/at/all", 1000), FileError);
}

}  // namespace
}  // namespace graft::io
