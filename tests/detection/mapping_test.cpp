#include "graft/detection/mapping.h"

#include <gmock/gmock.h>

#include "graft/core/error.h"
#include "graft/core/read_file.h"
#include "tests/support/temp_folder.h"

namespace graft::detection {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(const std::string& csv) {
  TempFolder folder;
  try {
    read_mapping(folder.put("mapping.csv", csv));
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Mapping, IsWrittenAndReadAgain) {
  TempFolder folder;
  Mapping mapping;
  mapping.targets = {"person", "a, \"quoted\" one", "cup"};
  mapping.rows = {
      {"oid", "/m/04yx4", "Man", Action::map, "person", Relation::narrower, true, 0.9, "below Person", "ann", "", 0},
      {"coco", "1", "person", Action::map, "person", Relation::equal, false, 1, "name", "graft", "", 0},
      {"o365", "7", "Toy", Action::drop, "cup", Relation::broader, false, 0, "", "", "cup 0.5", 0}};
  write_mapping(mapping, folder / "m.csv");
  const auto again = read_mapping(folder / "m.csv");
  EXPECT_EQ(again.targets, mapping.targets);
  ASSERT_EQ(again.rows.size(), 3u);
  EXPECT_EQ(again.rows[0].relation, Relation::narrower);
  EXPECT_TRUE(again.rows[0].together);
  EXPECT_EQ(again.rows[0].source_id, "/m/04yx4");
  EXPECT_EQ(again.rows[2].action, Action::drop);
  EXPECT_EQ(again.rows[2].line, 5u);
  write_mapping(again, folder / "again.csv");
  EXPECT_EQ(read_file("test", folder / "again.csv"), read_file("test", folder / "m.csv"));
}

TEST(Mapping, ThatASpreadsheetSavedIsReadTheSame) {
  TempFolder folder;
  const auto mapping =
      read_mapping(folder.put("m.csv",
                              "\xEF\xBB\xBF# targets: dog | a "
                              "cup,,,\r\nsource,source_name,action,target\r\na,Dog,map,dog\r\na,Cup,map,a cup\r\n"));
  EXPECT_THAT(mapping.targets, ElementsAre("dog", "a cup"));
  EXPECT_EQ(mapping.rows[1].line, 4u);
}

TEST(Mapping, WithoutAListOfTargetsTakesThemAsTheyCome) {
  TempFolder folder;
  const auto mapping = read_mapping(folder.put(
      "m.csv", "source,source_name,action,target\na,Dog,map,dog\na,Cat,map,cat\nb,dog,map,dog\nb,x,drop,\n"));
  EXPECT_THAT(mapping.targets, ElementsAre("dog", "cat"));
  EXPECT_EQ(mapping.count(Action::map), 3u);
}

TEST(Mapping, SaysEachLineThatIsAmiss) {
  const std::string head = "source,source_id,source_name,action,target,relation,together\n";
  EXPECT_THAT(error_of(head + "a,1,Toy,map,doll,broader,\n"), HasSubstr("line 2: 'Toy' is broader than 'doll'"));
  EXPECT_THAT(error_of(head + "a,1,Toy,map,,,\n"), HasSubstr("'Toy' is mapped to no target"));
  EXPECT_THAT(error_of(head + "a,1,Toy,keep,x,,\n"), HasSubstr("action 'keep' is none of map|drop|ambiguous"));
  EXPECT_THAT(error_of(head + "a,1,Toy,map,x,same,\n"), HasSubstr("relation 'same' is none of equal|narrower|broader"));
  EXPECT_THAT(error_of(head + "a,1,Toy,map,x,equal,yes\n"),
              HasSubstr("only narrower classes can be a target together"));
  EXPECT_THAT(error_of(head + "a,1,Toy,map,x,,\na,1,Toy,drop,,,\n"), HasSubstr("'Toy' of a is there twice"));
  EXPECT_THAT(error_of("# targets: cup\n" + head + "a,1,Toy,map,toy,,\n"),
              HasSubstr("line 3: the target 'toy' is not in the list of line 1"));
  EXPECT_THAT(error_of("# targets: \n" + head + "a,1,Toy,map,toy,,\n"), HasSubstr("is not in the list of line 1"));
  EXPECT_THAT(error_of("# targets: cup,dog\n" + head + "a,1,Toy,map,toy,,\n"),
              HasSubstr("the target 'toy' is not in the list"));
  EXPECT_THAT(error_of("\"# targets: cup\",dog\n" + head), HasSubstr("expected the targets in one cell"));
  EXPECT_THAT(error_of("source,source_name,action,goal\na,b,map,c\n"), HasSubstr("column 'goal' is not known"));
  EXPECT_THAT(error_of("source,source_name,action,goal\na,b,map,c\n"), HasSubstr("has no column 'target'"));
}

TEST(Mapping, NamesClassesThatASetLacksAndThoseItForgets) {
  Set set;
  set.categories.resize(2);
  set.categories[0].name = "dog";
  set.categories[0].id = 18;
  set.categories[1].name = "cat";
  set.categories[1].id = 17;
  Mapping mapping;
  mapping.targets = {"dog"};
  MappingRow row;
  row.source = "a";
  row.source_name = "dog";
  row.source_id = "18";
  mapping.rows = {row};
  row.source_name = "dgo";
  row.source_id = "";
  row.line = 7;
  mapping.rows.push_back(row);
  try {
    rows_of(mapping, "a", set);
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("line 7: the set has no class 'dgo'"));
    EXPECT_THAT(error.what(), HasSubstr("the class 'cat' (id 17) has no row"));
  }
}

}  // namespace
}  // namespace graft::detection
