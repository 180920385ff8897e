// The strip of a clip's answers, and its table.
#include "graft/report/timeline_page.h"

#include <gmock/gmock.h>

namespace graft::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const ClipTimeline kFilm{
    "a, \"b\".mp4",
    {{.begin = 0, .end = 2, .answer = "walk", .probability = 0.5, .image = "data:image/png;base64,QQ=="},
     {.begin = 1, .end = 3, .answer = "walk", .probability = 0.7},
     {.begin = 2, .end = 4, .answer = "<run>", .probability = 1}}};

TEST(TimelinePage, AWindowIsDrawnAsFarAsItsNeighboursAndAsHighAsItIsSure) {
  const auto html = to_html("runs/v", {kFilm});
  // 4 seconds are 960 wide and 46 high: middles at 1, 2 and 3 s.
  EXPECT_THAT(html, HasSubstr("x=\"0.0\" y=\"23.0\" width=\"360.0\" height=\"23.0\""));
  EXPECT_THAT(html, HasSubstr("x=\"360.0\" y=\"13.8\" width=\"240.0\" height=\"32.2\""));
  EXPECT_THAT(html, HasSubstr("x=\"600.0\" y=\"0.0\" width=\"360.0\" height=\"46.0\""));
}

TEST(TimelinePage, TellsStretchesOfOneAnswerWithItsMeanAndLeast) {
  const auto html = to_html("runs/v", {kFilm});
  EXPECT_THAT(html, HasSubstr("walk</td><td class=\"number\">60 %</td><td class=\"number\">50 %"));
  EXPECT_THAT(html, HasSubstr("&lt;run&gt;</td><td class=\"number\">100 %"));
  EXPECT_THAT(html, Not(HasSubstr("<run>")));
  EXPECT_THAT(html, HasSubstr("<img src=\"data:image/png;base64,QQ==\" alt=\"at 1.0 s\""));
}

TEST(TimelinePage, AClipWithoutWindowsIsLeftOut) {
  EXPECT_THAT(to_html("runs/v", {{"empty.mp4", {}}}), Not(HasSubstr("empty.mp4")));
}

TEST(TimelinePage, ItsTableQuotesWhatACommaWouldCut) {
  EXPECT_EQ(to_csv({kFilm}),
            "clip,begin,end,answer,probability\n"
            "\"a, \"\"b\"\".mp4\",0.000,2.000,walk,0.500000\n"
            "\"a, \"\"b\"\".mp4\",1.000,3.000,walk,0.700000\n"
            "\"a, \"\"b\"\".mp4\",2.000,4.000,<run>,1.000000\n");
}

}  // namespace
}  // namespace graft::report
