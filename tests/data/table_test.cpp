#include "graft/data/table.h"

#include <gmock/gmock.h>

#include "tests/io/expect_error.h"

namespace graft::data {
namespace {

using testing::ElementsAre;

std::vector<std::vector<std::string>> cells(const Table& table) {
  std::vector<std::vector<std::string>> out;
  for (const auto& row : table.rows)
    out.push_back(row.cells);
  return out;
}

Table csv(std::string_view text) {
  return parse_table(text, TableKind::csv, "t.csv");
}
Table jsonl(std::string_view text) {
  return parse_table(text, TableKind::jsonl, "t.jsonl");
}

TEST(Csv, ReadsQuotesDoubledQuotesAndLineBreaksInsideThem) {
  const Table table = csv("file,caption\na.jpg,\"red, \"\"round\"\"\nand big\"\nb.jpg,plain\n");
  EXPECT_THAT(table.columns, ElementsAre("file", "caption"));
  EXPECT_THAT(cells(table),
              ElementsAre(ElementsAre("a.jpg", "red, \"round\"\nand big"), ElementsAre("b.jpg", "plain")));
  EXPECT_EQ(table.rows[0].line, 2u);
  EXPECT_EQ(table.rows[1].line, 4u);
}

TEST(Csv, AcceptsAByteOrderMarkCarriageReturnsBlankLinesAndNoLastLineBreak) {
  const Table table =
      csv("\xef\xbb\xbf"
          "file,label\r\n\r\na.jpg,cat\r\nb.jpg,");
  EXPECT_THAT(table.columns, ElementsAre("file", "label"));
  EXPECT_THAT(cells(table), ElementsAre(ElementsAre("a.jpg", "cat"), ElementsAre("b.jpg", "")));
}

TEST(Csv, ListsEveryBadRowWithItsLine) {
  EXPECT_ERROR(csv("a,b\n1\n2,3\n4,5,6\n"), DataError,
               "t.csv:2: expected 2 cells, got 1.\n  t.csv:4: expected 2 cells, got 3.");
  EXPECT_ERROR(csv("a,b\n\"1,2\n"), DataError, "t.csv:2: a quote is opened and never closed");
  EXPECT_ERROR(csv("a,b\n\"1\"x,2\n"), DataError, "t.csv:2: text follows a closing quote");
  EXPECT_ERROR(csv("a,a\n1,2\n"), DataError, "the column 'a' stands twice");
}

TEST(Csv, ATableWithoutRowsIsAnError) {
  EXPECT_ERROR(csv(""), DataError, "no rows");
  EXPECT_ERROR(csv("file,label\n"), DataError, "no rows");
}

TEST(Csv, IsReadInTheEncodingsThatSpreadsheetsWrite) {
  const std::string text = "file;label\r\na.jpg;caf\xc3\xa9\r\n";
  for (const bool big : {false, true}) {
    std::string wide = big ? "\xfe\xff" : "\xff\xfe";
    for (const char32_t c : std::u32string(U"file;label\r\na.jpg;caf\u00e9\r\n")) {
      const char low = static_cast<char>(c & 0xff), high = static_cast<char>(c >> 8);
      wide += big ? high : low;
      wide += big ? low : high;
    }
    EXPECT_THAT(cells(csv(wide)), ElementsAre(ElementsAre("a.jpg", "caf\xc3\xa9")));
  }
  EXPECT_THAT(cells(csv(text)), ElementsAre(ElementsAre("a.jpg", "caf\xc3\xa9")));
  EXPECT_ERROR(csv("file,label\na.jpg,caf\xe9\n"), DataError, "t.csv:2: expected UTF-8, got the byte 0xe9");
  EXPECT_ERROR(csv(std::string("file,label\na.jpg,c\0t\n", 21)), DataError, "t.csv:2: holds a zero byte");
}

TEST(Csv, TellsItsSeparatorByTheFirstLine) {
  EXPECT_THAT(csv("file;label\na, b.jpg;cat\n").columns, ElementsAre("file", "label"));
  EXPECT_THAT(csv("file\tlabel\na.jpg\tcat\n").columns, ElementsAre("file", "label"));
  EXPECT_THAT(csv("\"a;b\",label\n1,2\n").columns, ElementsAre("a;b", "label"));
  const Table excel = csv("sep=;\r\nfile;label\r\na.jpg;cat\r\n");
  EXPECT_THAT(excel.columns, ElementsAre("file", "label"));
  EXPECT_EQ(excel.rows[0].line, 3u);
}

TEST(Csv, TrimsCellsAndPassesOverEmptyRows) {
  const Table table = csv(" file , label \na.jpg ,\t cat\xc2\xa0\n,,\n , \nb.jpg, \"dog, big\" \n");
  EXPECT_THAT(table.columns, ElementsAre("file", "label"));
  EXPECT_THAT(cells(table), ElementsAre(ElementsAre("a.jpg", "cat"), ElementsAre("b.jpg", "dog, big")));
}

TEST(Csv, CountsLinesAtAnyLineEnd) {
  EXPECT_ERROR(csv("a,b\r1,2\r3\r"), DataError, "t.csv:3: expected 2 cells, got 1.");
}

TEST(Csv, ABinaryFileIsCalledWhatItIs) {
  EXPECT_ERROR(csv(std::string("PK\x03\x04", 4)), DataError, "t.csv: is a workbook or another zip archive");
}

TEST(Table, FindsColumnsHoweverTheyAreWritten) {
  const Table table = csv("Image Path,LABEL,class-name,class_name\na,b,c,d\n");
  EXPECT_THAT(table.columns_like("image_path"), ElementsAre(0u));
  EXPECT_THAT(table.columns_like("label"), ElementsAre(1u));
  EXPECT_THAT(table.columns_like("ClassName"), ElementsAre(2u, 3u));
}

TEST(Tsv, SeparatesByTabs) {
  const Table table = parse_table("file\tlabel\na, b.jpg\tcat\n", TableKind::tsv, "t.tsv");
  EXPECT_THAT(cells(table), ElementsAre(ElementsAre("a, b.jpg", "cat")));
}

TEST(Jsonl, TakesColumnsFromAllObjectsAndScalarsAsText) {
  const Table table =
      jsonl("{\"file\": \"a.jpg\", \"label\": 3}\n\n{\"file\": \"b\\u00e9.jpg\", \"ok\": true, \"box\": [1, [2]]}\r\n");
  EXPECT_THAT(table.columns, ElementsAre("file", "label", "box", "ok"));
  EXPECT_THAT(cells(table),
              ElementsAre(ElementsAre("a.jpg", "3", "", ""), ElementsAre("b\xc3\xa9.jpg", "", "", "true")));
}

TEST(Jsonl, ListsEveryBadLine) {
  EXPECT_ERROR(jsonl("{\"file\": \"a.jpg\"}\n[1]\n{\"file\":\n"), DataError, "t.jsonl:2: expected one JSON object");
  EXPECT_ERROR(jsonl("{\"file\": \"a.jpg\"}\n[1]\n{\"file\":\n"), DataError, "t.jsonl:3: expected one JSON object");
}

TEST(Table, OnlyTheFirstTwentyProblemsAreShown) {
  std::string text = "a,b\n";
  for (int i = 0; i < 30; ++i)
    text += "1\n";
  EXPECT_ERROR(csv(text), DataError, "t.csv, 30 problems");
  EXPECT_ERROR(csv(text), DataError, "and 10 more");
}

TEST(TsvTable, QuotesThatEncloseNoCellsAreText) {
  const auto tsv = [](std::string_view text, Header header = Header::first_line) {
    return parse_table(text, TableKind::tsv, "t.tsv", header);
  };
  const Table text = tsv("a\tb\n\"open\tx\ny\t\"closed\"\n");
  EXPECT_THAT(text.rows[0].cells, ElementsAre("\"open", "x"));
  EXPECT_THAT(text.rows[1].cells, ElementsAre("y", "\"closed\""));
  EXPECT_EQ(text.notes.size(), 1u);
  const Table quoted = tsv("a\tb\n\"he said \"\"no\"\"\"\tx\n\"one\ntwo\"\ty\n");
  EXPECT_THAT(quoted.rows[0].cells, ElementsAre("he said \"no\"", "x"));
  EXPECT_THAT(quoted.rows[1].cells, ElementsAre("one\ntwo", "y"));
  EXPECT_TRUE(quoted.notes.empty());
  // A row of three cells spoils both readings: what follows is not swallowed.
  EXPECT_ERROR(tsv("a\tb\n\"open\tx\ny\tclosed\"\n1\t2\t3\n"), DataError,
               "t.tsv:2: a quote is opened, and closed only in line 3, behind tabs");
  const Table numbered = tsv("x\ty\nz\tw\n", Header::none);
  EXPECT_THAT(numbered.columns, ElementsAre("1", "2"));
  EXPECT_EQ(numbered.rows.size(), 2u);
}

TEST(AnyTable, CellsAreKeptWithTheirWhiteSpaceToo) {
  const Table table = parse_table("a,b\n x , \" y \"\nz,w\n", TableKind::csv, "t.csv");
  EXPECT_THAT(table.rows[0].cells, ElementsAre("x", "y"));
  EXPECT_EQ(table.rows[0].written(0), " x ");
  EXPECT_EQ(table.rows[0].written(1), " y ");
  EXPECT_EQ(table.rows[1].written(0), "z");
}

}  // namespace
}  // namespace graft::data
