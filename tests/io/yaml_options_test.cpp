#include "graft/io/yaml_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "graft/core/error.h"

namespace graft::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string message_for(const std::string& text) {
  try {
    parse_yaml_options(text, "options.yaml");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(YamlOptions, NestingIsADotSnakeIsKebabAndAListIsLines) {
  EXPECT_THAT(
      parse_yaml_options("batch_size: 8\nlora:\n  rank: 4\n  sites: [q, v]\nvalue:\n", "x"),
      ElementsAre(Pair("batch-size", "8"), Pair("lora.rank", "4"), Pair("lora.sites", "q\nv"), Pair("value", "")));
}

TEST(YamlOptions, AListOfMapsIsNumberedWhereThatIsAskedFor) {
  const auto values =
      parse_yaml_options("exclude: [{method: coop, data: [a, b]}, {shots: 1}]", "f", ListsOfMaps::numbered);
  EXPECT_EQ(values, (OptionValues{{"exclude.0.data", "a\nb"}, {"exclude.0.method", "coop"}, {"exclude.1.shots", "1"}}));
  EXPECT_EQ(parse_yaml_options("{\"x\": [{\"a\": \"\\/\"}]}", "f", ListsOfMaps::numbered),
            (OptionValues{{"x.0.a", "/"}}));
  EXPECT_THROW(parse_yaml_options("exclude: [{a: 1}, b]", "f", ListsOfMaps::numbered), ConfigError);
  EXPECT_THROW(parse_yaml_options("exclude: [{a: 1}]", "f"), ConfigError);
}

TEST(YamlOptions, JsonIsReadToo) {
  EXPECT_THAT(parse_yaml_options(R"({"lr": 1e-3, "method": "lora"})", "x"),
              ElementsAre(Pair("lr", "1e-3"), Pair("method", "lora")));
}

TEST(YamlOptions, AnEmptyFileSaysNothing) {
  EXPECT_TRUE(parse_yaml_options("# nothing\n", "x").empty());
}

TEST(YamlOptions, WhatIsNotOptionsIsRefused) {
  EXPECT_THAT(message_for("- a\n- b\n"), HasSubstr("expected `name: value` lines"));
  EXPECT_THAT(message_for("a: [[1], [2]]\n"), HasSubstr("'a': expected a list of plain values"));
  EXPECT_THAT(message_for("a: [b, [c]]\n"), HasSubstr("'a': expected a list of plain values"));
  EXPECT_THAT(message_for("a: 1\na: 2\n"), HasSubstr("'a' is set twice"));
  EXPECT_THAT(message_for("a-b: 1\na_b: 2\n"), HasSubstr("'a-b' is set twice"));
  EXPECT_THAT(message_for("lr: 1\n  bad indent: [\n"), HasSubstr("line 2"));
}

TEST(YamlOptions, WhatWouldBePassedOverIsRefused) {
  EXPECT_THAT(message_for("template: {}\n"), HasSubstr("'template': expected a value, got an empty map"));
  EXPECT_THAT(message_for("lora: {sites: []}\n"), HasSubstr("'lora.sites': expected a value, got an empty list"));
  EXPECT_THAT(message_for("{}\n"), HasSubstr("empty map"));
  EXPECT_THAT(message_for("template:\n - a\n - {}\n"), HasSubstr("Text with braces is quoted"));
  EXPECT_THAT(message_for("lr: 1\n---\nlr: 2\n"), HasSubstr("line 3: a second document begins"));
  EXPECT_THAT(message_for("a: &x {lr: 1}\nb:\n  <<: *x\n"), HasSubstr("line 3: merge keys (<<) are not read"));
  EXPECT_THAT(message_for("lora:\n\trank: 2\n"), HasSubstr("YAML takes no tabs"));
  EXPECT_THAT(message_for("lr: \"1\\0\"\n"), HasSubstr("holds a zero byte"));
  EXPECT_THAT(message_for("[lr]: 1\n"), HasSubstr("a key must be a word"));
  EXPECT_TRUE(message_for("---\nlr: 1\n---\n").empty());
}

TEST(YamlOptions, JsonsOwnEscapesAreRead) {
  EXPECT_THAT(parse_yaml_options(R"({"template": "\ud83d\ude00 {}", "lora": {"rank": 2, "sites": ["q", "v"]}})", "x"),
              ElementsAre(Pair("lora.rank", "2"), Pair("lora.sites", "q\nv"), Pair("template", "\U0001F600 {}")));
  EXPECT_THAT(message_for(R"({"a": "\ud83d\ude00", "lr": 1, "lr": 2})"), HasSubstr("'lr' is set twice"));
}

TEST(YamlOptions, ReadsBackWhatItPrints) {
  const OptionValues values{
      {"lr", "0.002"},         {"epochs", ""},         {"target", "q,v"},    {"template", "a {}.\na photo of: a {}"},
      {"odd", "yes: #no 'x'"}, {"number-like", "1e3"}, {"list-like", "[a]"}, {"braces", "{}"},
      {"bytes", "\xff\xfe/a"}, {"control", "a\x1b\tb"}};
  EXPECT_EQ(parse_yaml_options(print_yaml_options(values), "x"), values);
}

TEST(YamlOptions, AliasesDoNotMultiplyWithoutEnd) {
  std::string text = "a: &a {0: 1, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1, 8: 1, 9: 1}\n";
  for (char c = 'b'; c < 'g'; ++c) {
    text += std::string(1, c) + ": &" + c + " {";
    for (int i = 0; i < 10; ++i)
      text += std::string(i ? ", " : "") + char('0' + i) + ": *" + char(c - 1);
    text += "}\n";
  }
  EXPECT_THAT(message_for(text), HasSubstr("more than 10000 values"));
}

TEST(YamlOptions, CirclesEnd) {
  EXPECT_THAT(message_for("a: &x\n  b: *x\n"), HasSubstr("nested more than"));
}

TEST(YamlOptions, AMissingFileIsNamed) {
  EXPECT_THROW(read_yaml_options("/nowhere/at/all.yaml"), FileError);
}

}  // namespace
}  // namespace graft::io
