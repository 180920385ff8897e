#include "graft/engine/config_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "graft/core/error.h"
#include "tests/engine/tiny_world.h"

namespace graft::engine {
namespace {

OptionValues read(const std::string& text) {
  const testing::TempFolder folder;
  std::ofstream(folder / "c.yaml") << text;
  return read_config(folder / "c.yaml");
}

TEST(ConfigFile, ReadsBackWhatItPrints) {
  const OptionValues values{
      {"lr", "0.002"},         {"epochs", ""},         {"target", "q,v"},   {"template", "a {}.\na photo of: a {}"},
      {"odd", "yes: #no 'x'"}, {"number-like", "1e3"}, {"list-like", "[a]"}};
  EXPECT_EQ(read(print_config(values)), values);
}

TEST(ConfigFile, UnderscoresAndListsAreWhatPeopleWrite) {
  const OptionValues expected{{"batch-size", "8"}, {"target", "q,v"}, {"flag", "true"}};
  EXPECT_EQ(read("batch_size: 8\ntarget: [q, v]\nflag: true\n"), expected);
  EXPECT_TRUE(read("").empty());
}

TEST(ConfigFile, WhatIsNoMappingOfPlainValuesIsRefused) {
  EXPECT_THROW(read("- a\n- b\n"), ConfigError);
  EXPECT_THROW(read("a: {b: c}\n"), ConfigError);
  EXPECT_THROW(read("a: [b, [c]]\n"), ConfigError);
  EXPECT_THROW(read("a: 1\na: 2\n"), ConfigError);
  EXPECT_THROW(read("a-b: 1\na_b: 2\n"), ConfigError);
  EXPECT_THROW(read("a: [unfinished\n"), ConfigError);
  EXPECT_THROW(read_config("/nonexistent/c.yaml"), FileError);
}

}  // namespace
}  // namespace graft::engine
