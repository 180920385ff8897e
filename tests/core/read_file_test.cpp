#include "graft/core/read_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graft/core/error.h"

namespace graft {
namespace {

std::string message_for(const std::string& file) {
  try {
    read_file("config", file, 1000);
  } catch (const FileError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(ReadFile, WhatIsNotThereAFolderWhatCannotBeReadAndWhatNeverEndsAreOneMessage) {
  EXPECT_EQ(message_for("/nowhere/a\nb"),
            "[config] /nowhere/a\\nb: cannot be read: No such file or directory. Is the path right?");
  EXPECT_EQ(message_for("/tmp"), "[config] /tmp: cannot be read: it is a folder. Is the path right?");
  EXPECT_THAT(message_for("/proc/self/mem"), testing::StartsWith("[config] /proc/self/mem: cannot be read: "));
  EXPECT_THAT(message_for("/dev/zero"), testing::HasSubstr("it has more than 1000 bytes"));
  EXPECT_EQ(read_file("config", "/dev/null"), "");
}

}  // namespace
}  // namespace graft
