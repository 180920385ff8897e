#include "graft/detection/mapping_proposals.h"

#include <gmock/gmock.h>

#include <map>

#include "graft/core/error.h"

namespace graft::detection {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<Category> classes(const std::vector<std::string>& names) {
  std::vector<Category> all;
  for (const auto& name : names) {
    all.emplace_back();
    all.back().id = static_cast<std::int64_t>(all.size());
    all.back().name = name;
  }
  return all;
}

std::map<std::string, MappingRow> proposed(const std::vector<ClassList>& lists, const std::vector<std::string>& targets,
                                           const ProposalOptions& options = {}) {
  std::map<std::string, MappingRow> rows;
  for (const auto& row : propose_mapping(lists, classes(targets), options).rows)
    rows[row.source_name] = row;
  return rows;
}

TEST(Proposals, NamesPluralsAndSynonymsOfOneTargetAreMapped) {
  auto lvis = classes({"cellular_telephone"});
  lvis[0].synonyms = {"cellular_telephone", "cellphone", "mobile_phone"};
  ProposalOptions options;
  options.thesaurus = lvis;
  const auto rows = proposed({{"a", classes({"Wine Glass", "Apples", "Mobile Phone", "Zebra crossing"})}},
                             {"wineglass", "apple", "cellular_telephone"}, options);
  EXPECT_EQ(rows.at("Wine Glass").action, Action::map);
  EXPECT_EQ(rows.at("Wine Glass").target, "wineglass");
  EXPECT_EQ(rows.at("Apples").evidence, "name in singular");
  EXPECT_EQ(rows.at("Mobile Phone").target, "cellular_telephone");
  EXPECT_EQ(rows.at("Mobile Phone").action, Action::map);
  EXPECT_EQ(rows.at("Zebra crossing").action, Action::drop);
  EXPECT_EQ(rows.at("Zebra crossing").evidence, "nothing near");
}

TEST(Proposals, LikenessAloneIsAmbiguousWithItsCandidates) {
  const auto rows = proposed({{"a", classes({"Bat", "Cabinet/shelf", "Hot dog", "Glasses", "sports ball"})}},
                             {"bat_(animal)", "bat_(stick)", "cabinet", "shelf", "dog", "glass", "ball"});
  EXPECT_EQ(rows.at("Bat").action, Action::ambiguous);
  EXPECT_THAT(rows.at("Bat").alternatives, HasSubstr("bat_(stick) 0.75"));
  EXPECT_EQ(rows.at("Cabinet/shelf").action, Action::ambiguous);
  EXPECT_EQ(rows.at("Cabinet/shelf").relation, Relation::broader);
  EXPECT_EQ(rows.at("Hot dog").action, Action::ambiguous);  // no dog is a hot one
  EXPECT_EQ(rows.at("Glasses").action, Action::drop);       // not the plural of glass
  EXPECT_EQ(rows.at("sports ball").relation, Relation::narrower);
}

TEST(Proposals, SynonymsOfTwoTargetsDecideNothing) {
  auto lvis = classes({"soda", "pop_(soda)"});
  lvis[0].synonyms = {"soft drink"};
  lvis[1].synonyms = {"soft drink"};
  ProposalOptions options;
  options.thesaurus = lvis;
  const auto rows = proposed({{"a", classes({"Soft drink"})}}, {"soda", "pop_(soda)"}, options);
  EXPECT_EQ(rows.at("Soft drink").action, Action::ambiguous);
}

TEST(Proposals, SynsetsMapAcrossNames) {
  auto source = classes({"Laptop"});
  source[0].synset = "laptop.n.01";
  auto lvis = classes({"laptop_computer"});
  lvis[0].synset = "laptop.n.01";
  ProposalOptions options;
  options.thesaurus = lvis;
  const auto rows = proposed({{"a", source}}, {"laptop_computer"}, options);
  EXPECT_EQ(rows.at("Laptop").action, Action::map);
  EXPECT_EQ(rows.at("Laptop").evidence, "synset laptop.n.01");
}

TEST(Proposals, BelowATargetInTheHierarchyIsNarrower) {
  ProposalOptions options;
  options.parents = {{"Man", "Person"}, {"Santa", "Man"}};
  const auto rows = proposed({{"oid", classes({"Santa", "Man", "Person"})}}, {"person"}, options);
  EXPECT_EQ(rows.at("Santa").action, Action::map);
  EXPECT_EQ(rows.at("Santa").relation, Relation::narrower);
  EXPECT_EQ(rows.at("Person").relation, Relation::equal);
}

TEST(Proposals, RowsProposeAndNeverChoose) {
  const std::vector<ClassList> lists = {{"a", classes({"sofa", "bin"}), {1, 0, 0, 1}},
                                        {"b", classes({"couch", "cloud"}), {2, 0.2f, -1, 1}}};
  const auto rows = proposed(lists, {"sofa", "bin"});
  EXPECT_EQ(rows.at("couch").action, Action::ambiguous);
  EXPECT_EQ(rows.at("couch").target, "sofa");
  EXPECT_EQ(rows.at("couch").evidence, "rows 1.00 of a's sofa");
  EXPECT_EQ(rows.at("cloud").action, Action::drop);  // cosine 0.71
  EXPECT_THROW(proposed({{"a", classes({"sofa"}), {0, 0}}}, {"sofa"}), DataError);
}

TEST(Proposals, TheUnionHasEachThingOnce) {
  const std::vector<ClassList> lists = {{"coco", classes({"person", "cup"})},
                                        {"o365", classes({"Person", "Cups", "Lamp"})}};
  const auto mapping = propose_union(lists, {});
  EXPECT_THAT(mapping.targets, ElementsAre("person", "cup", "Lamp"));
  EXPECT_EQ(mapping.count(Action::map), 5u);
}

}  // namespace
}  // namespace graft::detection
