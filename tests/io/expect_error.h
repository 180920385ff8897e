// EXPECT_ERROR(statement, FileError, "part of the message"): the right kind of error, for the right reason.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graft/core/error.h"

#define EXPECT_ERROR(statement, type, part) \
  EXPECT_THAT([&] { statement; }, testing::ThrowsMessage<type>(testing::HasSubstr(part)))
