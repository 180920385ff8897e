#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "graft/report/chart.h"
#include "graft/report/comparison_report.h"
#include "graft/report/html.h"
#include "graft/report/run_report.h"
#include "graft/report/segmentation_page.h"
#include "graft/report/swap_page.h"

namespace graft::report {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::byte> bytes_of(const std::string& text) {
  std::vector<std::byte> bytes;
  for (const char c : text)
    bytes.push_back(static_cast<std::byte>(c));
  return bytes;
}

RunReport small_report() {
  RunReport report;
  report.title = "lora on <pets>";
  report.command = "graft adapt --template 'a \"{}\"'";
  report.correct = 3;
  report.count = 4;
  report.classes = {{"cat & co", 1, 2}, {"dog", 2, 2}};
  report.confusion = {{0, 0, 1}, {0, 1, 1}, {1, 1, 2}};
  report.mistakes = {{"a<b>.jpg", "cat & co", "dog", 0.97}};
  report.charts = {{"loss", "step", {{"train", {{1, 2.0}, {2, 1.0}, {3, 0.5}}}}, false}};
  report.cost = {{"time", "3.2 s"}};
  return report;
}

// Every element that is opened is closed, in order: what a browser would otherwise guess.
void expect_well_formed(const std::string& html) {
  const std::vector<std::string> alone = {"meta", "br", "wbr", "img", "path", "rect"};
  std::vector<std::string> open;
  for (size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const size_t end = html.find('>', at);
    ASSERT_NE(end, std::string::npos);
    std::string tag = html.substr(at + 1, end - at - 1);
    if (tag.starts_with("!") || tag.ends_with("/")) continue;
    const std::string name = tag.substr(tag[0] == '/', tag.find_first_of(" /", 1) - (tag[0] == '/'));
    if (std::find(alone.begin(), alone.end(), name) != alone.end()) continue;
    if (tag[0] != '/') {
      open.push_back(name);
    } else {
      ASSERT_FALSE(open.empty()) << tag;
      EXPECT_EQ(open.back(), name) << "at byte " << at;
      open.pop_back();
    }
    if (name == "script" && tag[0] != '/') at = html.find("</script", at) - 1;
    if (name == "style" && tag[0] != '/') at = html.find("</style", at) - 1;
  }
  EXPECT_THAT(open, ElementsAre());
}

TEST(LineChart, ABandLiesBehindItsCurve) {
  LineChart chart{"profile", "score", {{"lora", {{0, 1}, {1, 0.5}}, {{0.5, 2}, {0, 1}}}}, false};
  const auto html = to_html(chart);
  EXPECT_LT(html.find("opacity:.15"), html.find("class=\"curve s0\""));
  EXPECT_THAT(html, HasSubstr(">2<"));  // the axis reaches its ends
  chart.series[0].band.clear();
  EXPECT_THAT(to_html(chart), Not(HasSubstr("opacity")));
}

TEST(Html, Base64IsThatOfRfc4648) {
  EXPECT_EQ(base64(bytes_of("")), "");
  EXPECT_EQ(base64(bytes_of("f")), "Zg==");
  EXPECT_EQ(base64(bytes_of("fo")), "Zm8=");
  EXPECT_EQ(base64(bytes_of("foo")), "Zm9v");
  EXPECT_EQ(base64(bytes_of("foobar")), "Zm9vYmFy");
}

TEST(Html, AnImagesTypeIsToldByItsBytes) {
  EXPECT_EQ(data_uri(bytes_of("\x89PNG")), "data:image/png;base64,iVBORw==");
  EXPECT_THAT(data_uri(bytes_of("\xff\xd8\xff")), HasSubstr("image/jpeg"));
}

TEST(Html, NamesCannotBecomeMarkup) {
  EXPECT_EQ(escape("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
}

TEST(Chart, TicksAreRoundAndCoverTheData) {
  EXPECT_THAT(ticks(0, 100, 5), ElementsAre(0, 20, 40, 60, 80, 100));
  EXPECT_THAT(ticks(3, 9, 4), ElementsAre(2, 4, 6, 8, 10));
  EXPECT_THAT(ticks(5, 5, 4), ElementsAre(5, 6, 7, 8, 9, 10));
}

TEST(Chart, OnePointIsNoCurve) {
  EXPECT_EQ(to_html(LineChart{"loss", "step", {{"train", {{1, 2}}}}, false}), "");
}

TEST(Chart, ALongCurveIsThinnedAndAFlatOneDrawn) {
  Series series{"train", {}};
  for (int i = 0; i < 5000; ++i)
    series.points.emplace_back(i, 1.0);
  const std::string html = to_html(LineChart{"loss", "step", {series}, false});
  EXPECT_LT(html.size(), 6000u);
  EXPECT_THAT(html, Not(HasSubstr("nan")));
}

TEST(RunReport, IsOneWellFormedPageThatAsksTheNetworkForNothing) {
  const std::string html = to_html(small_report());
  expect_well_formed(html);
  EXPECT_THAT(html, Not(HasSubstr("http")));
  EXPECT_THAT(html, Not(HasSubstr("src=\"/")));
}

TEST(RunReport, SaysAccuracyWithItsIntervalAndHowToRunItAgain) {
  const std::string html = to_html(small_report());
  EXPECT_THAT(html, HasSubstr("<strong>75.0 %</strong>"));
  EXPECT_THAT(html, HasSubstr("95 % interval 30.1 to 95.4"));  // Wilson, 3 of 4
  EXPECT_THAT(html, HasSubstr("graft adapt --template 'a &quot;{}&quot;'"));
}

TEST(RunReport, QuotesNamesOfClassesAndFiles) {
  const std::string html = to_html(small_report());
  EXPECT_THAT(html, HasSubstr("cat &amp; co"));
  EXPECT_THAT(html, HasSubstr("a&lt;b&gt;.jpg"));
  EXPECT_THAT(html, Not(HasSubstr("<pets>")));
}

TEST(RunReport, AMistakesPathBreaksBetweenItsFolders) {
  RunReport report = small_report();
  report.mistakes[0].file = "images/<odd>/1.jpg";
  const std::string html = to_html(report);
  expect_well_formed(html);
  EXPECT_THAT(html, HasSubstr("<br>images/<wbr>&lt;odd&gt;/<wbr>1.jpg</figcaption>"));
}

TEST(RunReport, ManyClassesAreShownAsTheirWorstPairs) {
  RunReport report = small_report();
  report.classes.assign(50, {"some", 1, 1});
  report.confusion = {{3, 3, 9}, {3, 4, 7}};
  const std::string html = to_html(report);
  EXPECT_THAT(html, Not(HasSubstr("class=\"confusion\"")));
  EXPECT_THAT(html, HasSubstr("<td class=\"number\">7</td>"));
}

TEST(RunReport, OfVeryManyClassesTheWorstAreListed) {
  RunReport report = small_report();
  report.classes.assign(1500, {"fine", 1, 1});
  report.classes[1200] = {"bad one", 0, 1};
  const std::string html = to_html(report);
  expect_well_formed(html);
  EXPECT_THAT(html, HasSubstr("The worst 1000 of 1500 classes."));
  EXPECT_THAT(html, HasSubstr("bad one"));
}

TEST(ComparisonReport, CountsAreGroupedByThousands) {
  ComparisonReport report;
  report.tables.emplace_back();
  for (const int64_t count : {999, 1000, 85'000'192}) {
    auto& row = report.tables.front().rows.emplace_back();
    row.name = "a";
    row.trained = count;
  }
  const std::string html = to_html(report);
  EXPECT_THAT(html, HasSubstr("\"number\">999</td>"));
  EXPECT_THAT(html, HasSubstr("\"number\">1&#8239;000</td>"));
  EXPECT_THAT(html, HasSubstr("\"number\">85&#8239;000&#8239;192</td>"));
}

TEST(ComparisonReport, ColoursOnlyWhatTheIntervalShows) {
  ComparisonReport report;
  report.tables = {{"16 shots",
                    {{"zero-shot", 0, {0.6, 0.5, 0.7}, {}},
                     {"lora", 100, {0.7, 0.6, 0.8, 0.1, 0.05, 0.15}, {}},
                     {"bias", 10, {0.61, 0.5, 0.7, 0.01, -0.02, 0.04}, {}}}}};
  const std::string html = to_html(report);
  expect_well_formed(html);
  EXPECT_THAT(html, HasSubstr("number gain\">+10.0 <span class=\"soft\">(+5.0 to +15.0)"));
  EXPECT_THAT(html, HasSubstr("number\">+1.0 "));
}

TEST(SwapPage, ShowsPhotosWithWhatIsAnsweredAndADashWhereThereIsNoPicture) {
  SwapPage page;
  page.subtitle = "2 photos of <pets>";
  page.headline = "12.5 %";
  page.table = {{"background", "photos"}, {"as it was", "2"}};
  page.answers = {.title = "answers", .rows = {{"by chance", 0.5, Interval{0.25, 0.75}}}, .percent = true};
  page.photos = {{.name = "a&b.jpg",
                  .of_class = "cat",
                  .photo = {"data:image/png;base64,AAAA", "cat", "log p -0.10", true},
                  .same = {},
                  .other = {"data:image/png;base64,AAAA", "dog", "log p -2.00", false},
                  .alone = {"data:image/png;base64,AAAA", "dog", "log p -1.00", false}}};
  const auto html = to_html(page);
  expect_well_formed(html);
  EXPECT_THAT(html, HasSubstr("2 photos of &lt;pets&gt;"));
  EXPECT_THAT(html, HasSubstr("<span class=\"gain\">cat</span>"));
  EXPECT_THAT(html, HasSubstr("<span class=\"loss\">dog</span>"));
  EXPECT_THAT(html, HasSubstr("a&amp;b.jpg"));
  EXPECT_THAT(html, HasSubstr("<td><span class=\"none\">"));
  EXPECT_THAT(html, Not(HasSubstr("http")));
}

TEST(SegmentationPage, ShowsTheStagesThatThereAreAndTheTruthWhereItIsKnown) {
  SegmentationPage page{.title = "graft segment evaluate", .subtitle = "seg", .command = "graft segment evaluate seg"};
  page.photos = {.columns = {"photo", "saliency", "told by round 2", "truth"},
                 .legend = {{"dog <1>", {255, 0, 16}}},
                 .photos = {{"a.jpg", "cluster 1", {"data:image/png;base64,AA", "", "", "data:image/png;base64,BB"}},
                            {"b.jpg", "left out: nothing stands out", {"data:image/png;base64,CC", "", "", ""}}}};
  page.clusters = {{.name = "cluster 1",
                    .colour = {1, 2, 3},
                    .remark = "4 crops, 3 of the core",
                    .purity = Purity{.of_class = "dog <1>", .of_most = 3, .known = 4},
                    .crops = {"data:image/png;base64,DD"}}};
  page.rounds = {{"training loss", "step", {{"round 1", {{1, 2.0}, {2, 1.0}}}, {"round 2", {{1, 1.0}, {2, 0.5}}}}}};
  page.confusion = {.truth = {"dog", "cat"},
                    .told = {"dog", "cat", "no class"},
                    .counts = {90, 10, 0, 0, 0, 50},
                    .unit = "pixels",
                    .in_percent = true};
  const auto html = to_html(page);
  expect_well_formed(html);
  EXPECT_THAT(html, HasSubstr("<th>photo</th><th>truth</th>"));  // of the others no photo has a picture
  EXPECT_THAT(html, HasSubstr("left out: nothing stands out"));
  EXPECT_THAT(html, HasSubstr("background:#ff0010"));
  EXPECT_THAT(html, HasSubstr("75 % dog &lt;1&gt;"));
  EXPECT_THAT(html, HasSubstr("round 2"));
  EXPECT_THAT(html, HasSubstr("title=\"dog as dog: 90\">90</td>"));
  EXPECT_THAT(html, HasSubstr("title=\"cat as no class: 50\">100</td>"));
  EXPECT_THAT(html, Not(HasSubstr("http")));
  EXPECT_THAT(html, Not(HasSubstr("Stage by stage")));  // there is one

  SegmentationPage bare{.title = "graft segment discover", .subtitle = "", .command = "graft"};
  expect_well_formed(to_html(bare));
  EXPECT_THAT(to_html(bare), Not(HasSubstr("Clusters")));
}

TEST(RunReport, OfMasksShowsPhotosBesideWhatIsToldOfThem) {
  auto report = small_report();
  report.classes.clear();
  report.confusion.clear();
  report.masks = {.columns = {"photo", "told", "truth"},
                  .legend = {{"road", {128, 0, 0}}},
                  .photos = {{"a.png", "", {"data:image/png;base64,AA", "data:image/png;base64,BB", ""}}}};
  report.areas = {{"sky", 0.75, 0.5}, {"road", 0.25, 0.5}};
  report.pixels = {
      .truth = {"sky", "road"}, .told = {"sky", "road"}, .counts = {3, 1, 2, 2}, .unit = "pixels", .in_percent = true};
  const auto html = to_html(report);
  expect_well_formed(html);
  EXPECT_THAT(html, HasSubstr("<th>photo</th><th>told</th></tr>"));
  EXPECT_LT(html.find("25.0 %"), html.find("75.0 %"));  // the lowest first
  EXPECT_THAT(html, HasSubstr("title=\"sky as sky: 3\">75</td>"));
}

}  // namespace
}  // namespace graft::report
