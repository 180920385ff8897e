#include "graft/core/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "graft/core/error.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

class AtomicFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("graft-atomic-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string read(const fs::path& path) const {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  size_t entries() const { return std::distance(fs::directory_iterator(folder_), fs::directory_iterator()); }
  fs::path folder_;
};

TEST_F(AtomicFileTest, NothingIsThereUntilTheCommit) {
  AtomicFile file(folder_ / "a");
  file.write("half");
  EXPECT_FALSE(fs::exists(folder_ / "a"));
  file.commit();
  EXPECT_EQ(read(folder_ / "a"), "half");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(AtomicFileTest, WithoutACommitTheOldFileStays) {
  write_file_atomically(folder_ / "a", "old");
  { AtomicFile(folder_ / "a").write("new"); }
  EXPECT_EQ(read(folder_ / "a"), "old");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(AtomicFileTest, ADiskThatIsFullLosesNothing) {
  write_file_atomically(folder_ / "a", "old");
  // A limit on the size of files stands in for a full disk: write(2) fails the same way, part-way through.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(write_file_atomically(folder_ / "a", std::string(10000, 'x')), FileError);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(read(folder_ / "a"), "old");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(AtomicFileTest, AFolderThatIsNotThereIsNamed) {
  try {
    write_file_atomically(folder_ / "no" / "a", "x");
    FAIL() << "expected a FileError";
  } catch (const FileError& error) {
    EXPECT_NE(std::string(error.what()).find((folder_ / "no").string()), std::string::npos);
  }
}

}  // namespace
}  // namespace graft
