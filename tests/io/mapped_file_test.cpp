#include "graft/io/mapped_file.h"

#include "tests/io/expect_error.h"
#include "tests/io/temporary_folder.h"

namespace graft::io {
namespace {

TEST(MappedFile, HoldsTheBytesOfTheFile) {
  const TemporaryFolder folder;
  const auto file = MappedFile::open(folder.put("a", "seven b"));
  ASSERT_EQ(file->bytes().size(), 7u);
  EXPECT_EQ(file->bytes().back(), std::byte{'b'});
}

TEST(MappedFile, OutlivesTheNameOfTheFile) {
  const TemporaryFolder folder;
  const auto file = MappedFile::open(folder.put("a", "x"));
  std::filesystem::remove(folder.path() / "a");
  EXPECT_EQ(file->bytes().front(), std::byte{'x'});
}

TEST(MappedFile, SaysWhatIsWrongWithAPath) {
  const TemporaryFolder folder;
  EXPECT_ERROR(MappedFile::open(folder.path() / "none"), FileError, "none cannot be read: No such file");
  EXPECT_ERROR(MappedFile::open(folder.path()), FileError, "is a folder: expected a file");
  EXPECT_ERROR(MappedFile::open(folder.put("empty", "")), FileError, "is empty. Is the download complete?");
  EXPECT_ERROR(MappedFile::open("/dev/null"), FileError, "is not a regular file");
}

}  // namespace
}  // namespace graft::io
