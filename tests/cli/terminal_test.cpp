#include "graft/cli/terminal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

namespace graft::cli {
namespace {

const Progress kMiddle{"train", 35, 100, "epoch 7/20  loss 0.412  val 91.2 %", 14.1, "images"};

TEST(Terminal, ABarStandsAfterTheEpochWithRateAndTimeLeft) {
  EXPECT_EQ(format_progress(kMiddle, {.bar = true, .columns = 100}),
            "train   epoch 7/20 ████████░░░░░░░░░░░░░░░░ 35 %  loss 0.412  val 91.2 %  14.1 images/s  0:05 left");
}

TEST(Terminal, WithoutUtf8TheBarIsAscii) {
  EXPECT_EQ(format_progress({"demo", 1, 4, "", 0, ""}, {.bar = true, .utf8 = false, .columns = 80}),
            "demo    ######------------------ 25 %");
}

TEST(Terminal, ANarrowTerminalGetsAShorterBarThenNoneThenACutLine) {
  const auto at = [](int columns) { return format_progress(kMiddle, {.bar = true, .columns = columns}); };
  EXPECT_NE(at(80).find("█"), std::string::npos);
  EXPECT_EQ(at(60), "train   epoch 7/20  35 %  loss 0.412  val 91.2 %  14.1 imag");
  EXPECT_EQ(at(1).size(), 1u);
}

TEST(Terminal, AnUnknownTotalOrRateIsNotGuessed) {
  EXPECT_EQ(format_progress({"features", 5, 0, "", 0, "images"}, {.bar = true, .utf8 = false, .columns = 20}),
            "features ------ 0 %");
}

TEST(Terminal, DurationsReadAsPeopleSayThem) {
  EXPECT_EQ(format_duration(0.42), "0.4 s");
  EXPECT_EQ(format_duration(232), "3:52");
  EXPECT_EQ(format_duration(3723), "1:02:03");
  EXPECT_EQ(format_duration(-1), "?");
}

TEST(Terminal, AnEmptyNoColorDoesNotCount) {  // no-color.org: "when present and not an empty string"
  const auto environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "NO_COLOR") return "";
    if (name == "CLICOLOR_FORCE") return "1";
    return std::nullopt;
  };
  EXPECT_TRUE(look_of_stderr(environment, Colour::automatic).colour);
  EXPECT_FALSE(look_of_stderr(environment, Colour::never).colour);
}

TEST(Terminal, NoColorWinsOverForceAndAFlagOverBoth) {
  const auto environment = [](std::string_view) -> std::optional<std::string> { return "1"; };
  EXPECT_FALSE(look_of_stderr(environment, Colour::automatic).colour);
  EXPECT_TRUE(look_of_stderr(environment, Colour::always).colour);
}

TEST(Terminal, TheLogBeginsWithTrainingAndHoldsWhatWasSaidBefore) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "terminal_log";
  std::filesystem::create_directories(folder);
  std::filesystem::remove(folder / "log.txt");
  Terminal terminal([](std::string_view) { return std::nullopt; });
  terminal.set({.quiet = true});
  terminal.log_to(folder, false);
  terminal.line("model", "a clip");
  EXPECT_FALSE(std::filesystem::exists(folder / "log.txt"));
  terminal.progress({"train", 1, 2, "", 0, "images"});
  terminal.line("saved", "there");
  std::ifstream file(folder / "log.txt");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "model   a clip\nsaved   there\n");
}

}  // namespace
}  // namespace graft::cli
