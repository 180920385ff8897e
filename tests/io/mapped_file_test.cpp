#include "graft/io/mapped_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>

#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::io {
namespace {

TEST(MappedFile, HoldsTheBytesOfTheFile) {
  const TempFolder folder;
  const auto file = MappedFile::open(folder.put("a", "seven b"));
  ASSERT_EQ(file->bytes().size(), 7u);
  EXPECT_EQ(file->bytes().back(), std::byte{'b'});
}

TEST(MappedFile, OutlivesTheNameOfTheFile) {
  const TempFolder folder;
  const auto file = MappedFile::open(folder.put("a", "x"));
  std::filesystem::remove(folder.path() / "a");
  EXPECT_EQ(file->bytes().front(), std::byte{'x'});
}

// Resident pages of a range, as the kernel counts them for this process.
int64_t resident_pages(std::span<const std::byte> bytes) {
  std::ifstream maps("/proc/self/smaps");
  const auto begin = fmt::format("{:x}-", reinterpret_cast<std::uintptr_t>(bytes.data()));
  int64_t kilobytes = -1;
  bool here = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find('-') < line.find(' ')) here = line.starts_with(begin);  // a mapping's first line
    if (here && line.starts_with("Rss:")) kilobytes = std::stoll(line.substr(4));
  }
  return kilobytes / 4;
}

TEST(MappedFile, PagesThatAreGivenBackComeAgainFromTheFile) {
  const TempFolder folder;
  const std::string text(64 * 4096, 'x');
  const auto file = MappedFile::open(folder.put("a", text));
  const auto all = file->bytes();
  const auto read = [&] { return std::count(all.begin(), all.end(), std::byte{'x'}); };
  EXPECT_EQ(read(), 64 * 4096);
  EXPECT_EQ(resident_pages(all), 64);
  file->give_back(all.subspan(100, 8 * 4096));  // seven whole pages lie in it
  EXPECT_EQ(resident_pages(all), 57);
  file->give_back(all);
  EXPECT_EQ(resident_pages(all), 0);
  EXPECT_EQ(read(), 64 * 4096);
  const std::byte elsewhere{};
  EXPECT_FALSE(file->holds({&elsewhere, 1}));
  file->give_back({&elsewhere, 1});  // not ours: nothing happens
}

TEST(MappedFile, SaysWhatIsWrongWithAPath) {
  const TempFolder folder;
  EXPECT_ERROR(MappedFile::open(folder.path() / "none"), FileError, "none cannot be read: No such file");
  EXPECT_ERROR(MappedFile::open(folder.path()), FileError, "is a folder: expected a file");
  EXPECT_ERROR(MappedFile::open(folder.put("empty", "")), FileError, "is empty. Is the download complete?");
  EXPECT_ERROR(MappedFile::open("/dev/null"), FileError, "is not a regular file");
}

}  // namespace
}  // namespace graft::io
