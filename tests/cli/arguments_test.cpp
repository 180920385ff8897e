#include "graft/cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "graft/cli/command.h"
#include "graft/core/error.h"

namespace graft::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Options {
  std::string run;
  int64_t batch_size = 32;
  double lr = 0.001;
  bool cache = true;
  bool force = false;
  std::vector<std::string> sites = {"q", "v"};
  std::string templates;
  std::string output;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("run", o.run, "a folder");
  visit("batch-size", o.batch_size, "photos");
  visit("lr", o.lr, "rate");
  visit("cache", o.cache, "keep");
  visit("force", o.force, "write over");
  visit("sites", o.sites, "where");
  visit("template", o.templates, "prompts");
  visit("output", o.output, "folder");
}

using Variables = std::map<std::string, std::string, std::less<>>;
const Command kCommand{"test", "A test.", "RUN [FILE ...]", "graft test", nullptr, nullptr};

Arguments arguments_of(std::vector<std::string> tokens, Variables variables = {}) {
  Arguments arguments(kCommand, std::move(tokens), [variables](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
  arguments.add<Options>();
  arguments.take_positional("run", "a folder");
  arguments.take_positional("files", "photos", true);
  return arguments;
}

Options parse(std::vector<std::string> tokens, Variables variables = {}) {
  Arguments arguments = arguments_of(std::move(tokens), std::move(variables));
  Terminal terminal([](std::string_view) { return std::nullopt; });
  EXPECT_TRUE(arguments.parse(terminal));
  return arguments.get<Options>();
}

template <class Kind>
std::string message_for(std::vector<std::string> tokens, Variables variables = {}) {
  try {
    parse(std::move(tokens), std::move(variables));
  } catch (const Kind& error) {
    return error.what();
  }
  return "nothing was thrown";
}

std::string yaml_with(const std::string& text) {
  const std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string path = (std::filesystem::path(testing::TempDir()) / (test + "-arguments.yaml")).string();
  std::ofstream(path) << text;
  return path;
}

TEST(Arguments, AValueMayStandInAnyOfTheUsualWays) {
  EXPECT_EQ(parse({"--batch-size", "8"}).batch_size, 8);
  EXPECT_EQ(parse({"--batch-size=8"}).batch_size, 8);
  EXPECT_EQ(parse({"--batch_size=8"}).batch_size, 8);
  EXPECT_EQ(parse({"batch-size=8"}).batch_size, 8);
  EXPECT_EQ(parse({"batch_size=8"}).batch_size, 8);
  EXPECT_EQ(parse({"--learning-rate", "1e-4"}).lr, 1e-4);
  EXPECT_EQ(parse({"-o", "runs/a"}).output, "runs/a");
}

TEST(Arguments, AValueMayLookLikeAnOption) {
  EXPECT_EQ(parse({"--template", "--a {}"}).templates, "--a {}");
  EXPECT_EQ(parse({"--template", "lr=7"}).templates, "lr=7");
  EXPECT_EQ(parse({"--lr", "-1"}).lr, -1);
  EXPECT_EQ(parse({"--template="}).templates, "");
}

TEST(Arguments, ASwitchTakesNoValueAndCanBeTurnedOff) {
  EXPECT_TRUE(parse({"--force", "runs/a"}).force);
  EXPECT_EQ(parse({"--force", "runs/a"}).run, "runs/a");
  EXPECT_FALSE(parse({"--no-cache"}).cache);
  EXPECT_FALSE(parse({"--cache=no"}).cache);
}

TEST(Arguments, SaidAgainAListGrowsTemplatesAreLinesAndElseTheLastOneCounts) {
  EXPECT_THAT(parse({"--sites", "q,k", "--sites", "v"}).sites, ElementsAre("q", "k", "v"));
  EXPECT_EQ(parse({"--template", "a {}, b", "--template", "c {}"}).templates, "a {}, b\nc {}");
  EXPECT_EQ(parse({"--lr", "1", "--lr", "2"}).lr, 2);
}

TEST(Arguments, FlagBeforeEnvironmentBeforeFileBeforeDefault) {
  const std::string file = yaml_with("batch_size: 1\nlr: 0.1\ncache: no\n");
  const Variables variables = {{"GRAFT_LR", "0.2"}, {"GRAFT_BATCH_SIZE", "2"}};
  const Options options = parse({"-c", file, "--batch-size", "3"}, variables);
  EXPECT_EQ(options.batch_size, 3);
  EXPECT_EQ(options.lr, 0.2);
  EXPECT_FALSE(options.cache);
  EXPECT_FALSE(options.force);
}

TEST(Arguments, AListInAFileIsAListAndTemplatesThereKeepTheirCommas) {
  const Options options = parse({"--config", yaml_with("sites: [k, v]\ntemplate:\n - a {}, b\n - c {}\n")});
  EXPECT_THAT(options.sites, ElementsAre("k", "v"));
  EXPECT_EQ(options.templates, "a {}, b\nc {}");
}

TEST(Arguments, PositionalsFillTheirOptionAndTheRestIsKept) {
  Arguments arguments = arguments_of({"runs/a", "x.jpg", "--lr", "1", "--", "--odd.jpg"});
  Terminal terminal([](std::string_view) { return std::nullopt; });
  ASSERT_TRUE(arguments.parse(terminal));
  EXPECT_EQ(arguments.get<Options>().run, "runs/a");
  EXPECT_THAT(arguments.positionals(), ElementsAre("x.jpg", "--odd.jpg"));
}

TEST(Arguments, AnUnknownNameIsToldWithTheNearestWhereverItStands) {
  EXPECT_THAT(message_for<UsageError>({"--bath-size", "8"}),
              HasSubstr("[test] no option '--bath-size'. Did you mean '--batch-size'?"));
  EXPECT_THAT(message_for<UsageError>({"--config", yaml_with("forse: true\n")}),
              HasSubstr("no option 'forse'. Did you mean 'force'?"));
  EXPECT_THAT(message_for<UsageError>({"--no-lr"}), HasSubstr("no option '--no-lr'"));
}

TEST(Arguments, ABadValueIsToldWithTheSourceItCameFrom) {
  EXPECT_THAT(message_for<ConfigError>({"--batch-size", "x"}), HasSubstr("[test] --batch-size"));
  EXPECT_THAT(message_for<ConfigError>({}, {{"GRAFT_LR", "fast"}}), HasSubstr("[GRAFT_LR] --lr"));
  EXPECT_THAT(message_for<ConfigError>({"--config", yaml_with("lr: fast\n")}), HasSubstr("arguments.yaml] --lr"));
}

TEST(Arguments, AMissingValueIsTold) {
  EXPECT_THAT(message_for<UsageError>({"--lr"}), HasSubstr("--lr wants a value"));
}

TEST(Arguments, OneOptionUnderTwoSpellingsInAFileIsRefused) {
  EXPECT_THAT(message_for<ConfigError>({"--config", yaml_with("lr: 1\nlearning-rate: 2\n")}), HasSubstr("set twice"));
}

TEST(Arguments, AnAliasNeverTakesAnOptionsOwnName) {
  Arguments arguments = arguments_of({"--lr", "5", "--lora.lr", "7", "--rank", "4"});
  arguments.add_group({"lora",
                       {{"lora.lr", "number", "1", ""}, {"lora.rank", "integer", "8", ""}},
                       {{"lr", "lora.lr"}, {"rank", "lora.rank"}}});
  Terminal terminal([](std::string_view) { return std::nullopt; });
  ASSERT_TRUE(arguments.parse(terminal));
  EXPECT_EQ(arguments.get<Options>().lr, 5);
  const auto picked = arguments.pick({{"lora.lr", "", "", ""}, {"lora.rank", "", "", ""}});
  EXPECT_EQ(picked.at("lora.lr"), "7");
  EXPECT_EQ(picked.at("lora.rank"), "4");
}

TEST(Arguments, ABareNameAndValueIsAPathWhereAPathIsDueAndThereIsOne) {
  const auto old = std::filesystem::current_path();
  std::filesystem::current_path(testing::TempDir());
  std::ofstream("lr=2").close();
  const Options options = parse({"lr=2", "lr=3", "--lr=2"});
  Arguments arguments = arguments_of({"runs/a", "lr=2", "force=yes"});
  Terminal terminal([](std::string_view) { return std::nullopt; });
  ASSERT_TRUE(arguments.parse(terminal));
  std::filesystem::remove("lr=2");
  std::filesystem::current_path(old);
  EXPECT_EQ(options.run, "lr=2");
  EXPECT_EQ(options.lr, 2);
  EXPECT_THAT(arguments.positionals(), ElementsAre("lr=2"));
  EXPECT_TRUE(arguments.get<Options>().force);
}

TEST(Arguments, APathThatWasNamedTakesNoWord) {
  Arguments arguments = arguments_of({"--run", "runs/a", "x.jpg"});
  Terminal terminal([](std::string_view) { return std::nullopt; });
  ASSERT_TRUE(arguments.parse(terminal));
  EXPECT_EQ(arguments.get<Options>().run, "runs/a");
  EXPECT_THAT(arguments.positionals(), ElementsAre("x.jpg"));
}

TEST(Arguments, AnUnknownLetterIsRefusedWithAWayForPaths) {
  EXPECT_THAT(
      message_for<UsageError>({"runs/a", "-x.jpg"}),
      HasSubstr("no option '-x.jpg'. graft test --help lists them all; a path that begins with - stands after --"));
  EXPECT_EQ(parse({"-oruns/b"}).output, "runs/b");
  EXPECT_EQ(parse({"-o", "-odd"}).output, "-odd");
}

TEST(Arguments, AVariableThatMeansNothingIsTold) {
  const Variables variables = {{"GRAFT_BATCHSIZE", "8"}, {"GRAFT_SHOTS", "1"}, {"GRAFT_ASSETS", "x"},
                               {"GRAFT_LORA_RANK", "2"}, {"GRAFT_LR", ""},     {"OTHER", "1"}};
  std::vector<std::string> names;
  for (const auto& [name, text] : variables)
    names.push_back(name);
  Arguments arguments(
      kCommand, {},
      [&](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      },
      names);
  arguments.add<Options>();
  Terminal terminal([](std::string_view) { return std::nullopt; });
  testing::internal::CaptureStderr();
  ASSERT_TRUE(arguments.parse(terminal));
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "warning GRAFT_BATCHSIZE is no option of graft and changes nothing. Did you mean GRAFT_BATCH_SIZE?\n"
            "warning GRAFT_LR is set and empty: it counts as not set.\n");
}

TEST(Arguments, PeekSeesFlagThenEnvironmentThenFile) {
  const std::string file = yaml_with("run: from-file\n");
  EXPECT_EQ(arguments_of({"--run", "from-flag", "-c", file}).peek("run"), "from-flag");
  EXPECT_EQ(arguments_of({"-c", file}, {{"GRAFT_RUN", "from-environment"}}).peek("run"), "from-environment");
  EXPECT_EQ(arguments_of({"--config=" + file}).peek("run"), "from-file");
}

TEST(Arguments, PeekTakesWhatTheParseWillTake) {
  const std::string file = yaml_with("learning_rate: 0.25\n");
  Arguments arguments = arguments_of({"runs/a", "--lr", "1", "--learning-rate=2", "--config", file});
  EXPECT_EQ(arguments.peek("run"), "runs/a");
  EXPECT_EQ(arguments.peek("lr"), "2");
  EXPECT_EQ(arguments_of({"--config", file}).peek("lr"), "0.25");
  EXPECT_EQ(arguments_of({}, {{"GRAFT_CONFIG", file}}).peek("lr"), "0.25");
  EXPECT_EQ(arguments_of({"--config="}, {{"GRAFT_CONFIG", file}}).peek("lr"), "");
}

TEST(Arguments, PeekRefusesNothingThatALaterOptionMayExplain) {
  const std::string file = yaml_with("rank: 2\nrun: runs/a\n");
  EXPECT_EQ(arguments_of({"--rank", "4", "--config", file, "-x", "--alpha"}).peek("run"), "4");
  EXPECT_EQ(arguments_of({"--rank=4", "--config", file}).peek("run"), "runs/a");
}

TEST(Arguments, TheCommandLineCanBeTypedAgain) {
  EXPECT_EQ(arguments_of({"--template", "it's {}", "a b", "c.jpg"}).command_line(),
            "graft test --template 'it'\\''s {}' 'a b' c.jpg");
}

}  // namespace
}  // namespace graft::cli
