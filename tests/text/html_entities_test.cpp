#include "graft/text/html_entities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace graft::text {
namespace {

TEST(HtmlEntities, OldNamesNeedNoSemicolonAndTheLongestWins) {
  EXPECT_EQ(unescape_html(U"&amp;&ampx&notit;&notin;"), U"&&x\u00acit;\u2209");
  EXPECT_EQ(unescape_html(U"&checkmark &checkmark;"), U"&checkmark \u2713");
}

TEST(HtmlEntities, NumbersFollowHtml5) {
  EXPECT_EQ(unescape_html(U"&#65;&#x41;&#X41&#65x"), U"AAAAx");
  EXPECT_EQ(unescape_html(U"&#128;&#x99;"), U"\u20ac\u2122");                  // Windows-1252
  EXPECT_EQ(unescape_html(U"&#0;&#xd83d;&#x110000;"), U"\ufffd\ufffd\ufffd");  // no characters
  EXPECT_EQ(unescape_html(U"a&#1;&#xfffe;b"), U"ab");                          // forbidden
  EXPECT_EQ(unescape_html(U"&#99999999999999999999;"), U"\ufffd");
  EXPECT_EQ(unescape_html(U"&#; &#x; & &; &#xg"), U"&#; &#x; & &; &#xg");
}

TEST(HtmlEntities, ClosedOnesOnlyInDoubtfulText) {
  EXPECT_EQ(unescape_closed_entities(U"this&not that &not; &NTILDE; &nTILDE;"),
            U"this&not that \u00ac \u00d1 &nTILDE;");
  EXPECT_EQ(unescape_closed_entities(U"BUNDESSTRA&SZLIG;E"), U"BUNDESSTRASSE");
  EXPECT_EQ(unescape_closed_entities(U"&#38;&#59;&#12ab;&#65"), U"&&#59;&#12ab;&#65");
}

}  // namespace
}  // namespace graft::text
