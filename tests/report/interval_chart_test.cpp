#include "graft/report/interval_chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft::report {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(IntervalChart, SaysItsNumbersToThoseWhoDoNotSeeIt) {
  const auto html = to_html(IntervalChart{"means", {{"lora & co", 0.75, Interval{0.5, 0.875}}, {"once", 0.25}}, true});
  EXPECT_THAT(html, HasSubstr("aria-label=\"means; lora &amp; co: 75.0 %, 50.0 % to 87.5 %; once: 25.0 %\""));
  EXPECT_THAT(html, Not(HasSubstr("stroke-dasharray")));
  EXPECT_EQ(to_html(IntervalChart{"none", {}}), "");
}

TEST(IntervalChart, DrawsALineWhereNothingIsBetweenTwo) {
  const auto html = to_html(IntervalChart{"", {{"a", 0.9}}, true, 0.5});
  EXPECT_THAT(html, HasSubstr("stroke-dasharray"));
  EXPECT_THAT(html, HasSubstr(">50 %<"));  // and the axis reaches it
}

TEST(IntervalChart, CutsLongNamesBetweenLetters) {
  std::string name(62, 'x');
  name += "ü and more";
  EXPECT_THAT(to_html(IntervalChart{"", {{name, 1}}}), HasSubstr(std::string(62, 'x') + "…<"));
}

}  // namespace
}  // namespace graft::report
