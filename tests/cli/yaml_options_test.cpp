#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "graft/cli/arguments.h"
#include "graft/core/error.h"

namespace graft::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string file_with(const std::string& text) {
  const std::string path = (std::filesystem::path(testing::TempDir()) / "options.yaml").string();
  std::ofstream(path) << text;
  return path;
}

std::string message_for(const std::string& text) {
  try {
    read_yaml_options(file_with(text));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(YamlOptions, NestingIsADotSnakeIsKebabAndAListIsLines) {
  EXPECT_THAT(
      read_yaml_options(file_with("batch_size: 8\nlora:\n  rank: 4\n  sites: [q, v]\nvalue:\n")),
      ElementsAre(Pair("batch-size", "8"), Pair("lora.rank", "4"), Pair("lora.sites", "q\nv"), Pair("value", "")));
}

TEST(YamlOptions, JsonIsReadToo) {
  EXPECT_THAT(read_yaml_options(file_with(R"({"lr": 1e-3, "method": "lora"})")),
              ElementsAre(Pair("lr", "1e-3"), Pair("method", "lora")));
}

TEST(YamlOptions, AnEmptyFileSaysNothing) {
  EXPECT_TRUE(read_yaml_options(file_with("# nothing\n")).empty());
}

TEST(YamlOptions, WhatIsNotOptionsIsRefused) {
  EXPECT_THAT(message_for("- a\n- b\n"), HasSubstr("expected `name: value` lines"));
  EXPECT_THAT(message_for("a: [[1], [2]]\n"), HasSubstr("'a': expected a list of plain values"));
  EXPECT_THAT(message_for("a: 1\na: 2\n"), HasSubstr("'a' is set twice"));
  EXPECT_THAT(message_for("lr: 1\n  bad indent: [\n"), HasSubstr("line 2"));
}

TEST(YamlOptions, CirclesEnd) {
  EXPECT_THAT(message_for("a: &x\n  b: *x\n"), HasSubstr("nested more than"));
}

TEST(YamlOptions, AMissingFileIsNamed) {
  EXPECT_THROW(read_yaml_options("/nowhere/at/all.yaml"), FileError);
}

}  // namespace
}  // namespace graft::cli
