#include "graft/prompting/prompts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "graft/core/error.h"
#include "tests/support/temp_folder.h"

namespace graft::prompting {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

constexpr const char* kKinds = R"(
description: "Kinds of things.\n"
output_type: multiple_choice
doc_to_text: "Thing: {{thing}}\nKind:"
doc_to_target: kind
)";

Items things() {
  Items items;
  for (const auto& [thing, kind] : std::vector<std::pair<std::string, std::string>>{
           {"cat", "animal"}, {"oak", "plant"}, {"dog", "animal"}, {"rock", "stone"}})
    items.push_back({{{"thing", thing}, {"kind", kind}}, {}, "row " + std::to_string(items.size())});
  return items;
}

class PromptsOf : public testing::Test {
 public:
  std::string before(const PromptOptions& options, const std::vector<size_t>& examples = {0, 1, 2, 3}) {
    return PromptMaker(task, pool, labels, options).before(examples, Random(5));
  }
  Task task = parse_task(kKinds, "kinds.yaml");
  Items pool = things();
  std::vector<std::string> labels = labels_of(task, pool);
};

TEST_F(PromptsOf, StandAsTheTemplateSays) {
  EXPECT_EQ(before({}, {0, 1}), "Kinds of things.\nThing: cat\nKind: animal\n\nThing: oak\nKind: plant\n\n");
  EXPECT_EQ(PromptMaker(task, pool, labels, {}).question(pool[2]), "Thing: dog\nKind:");
  EXPECT_EQ(PromptMaker(task, pool, labels, {}).question_about(pool[2], "N/A"), "Thing: N/A\nKind:");
}

TEST_F(PromptsOf, ControlsChangeLabelsOrTextsAlone) {
  const auto shuffled = before({Strategy::direct, Control::shuffled_labels});
  std::vector<std::string> kinds;
  for (size_t at = 0; (at = shuffled.find("Kind: ", at)) != std::string::npos; ++at)
    kinds.push_back(shuffled.substr(at + 6, shuffled.find('\n', at + 6) - at - 6));
  EXPECT_THAT(kinds, UnorderedElementsAre("animal", "plant", "animal", "stone"));
  EXPECT_THAT(shuffled, HasSubstr("Thing: cat\n"));
  EXPECT_EQ(shuffled, before({Strategy::direct, Control::shuffled_labels}));
  EXPECT_THAT(before({Strategy::direct, Control::random_labels}), HasSubstr("Thing: rock\nKind: "));
  const auto unrelated = before({Strategy::direct, Control::unrelated, {"to be", "or not"}});
  EXPECT_THAT(unrelated, Not(HasSubstr("cat")));
  EXPECT_THAT(unrelated, HasSubstr("Kind: stone\n\n"));
  EXPECT_THAT(unrelated, AnyOf(HasSubstr("Thing: to be\n"), HasSubstr("Thing: or not\n")));
}

TEST_F(PromptsOf, AnswersAreChoicesOrTheirNumbers) {
  EXPECT_THAT(labels, ElementsAre("animal", "plant", "stone"));
  task.doc_to_choice = {"plant", "animal", "stone"};
  EXPECT_EQ(answer_of(task, pool[0]), "animal");
  pool[0].fields["kind"] = "2";
  EXPECT_EQ(answer_of(task, pool[0]), "stone");
  pool[0].fields["kind"] = "3";
  EXPECT_THROW(answer_of(task, pool[0]), DataError);
  pool[0].fields["kind"] = "metal";
  EXPECT_THROW(answer_of(task, pool[0]), DataError);
  task.doc_to_choice = {"1", "2"};  // is "1" the first or the second?
  pool[0].fields["kind"] = "1";
  EXPECT_THROW(answer_of(task, pool[0]), DataError);
}

TEST_F(PromptsOf, AMissingFieldIsSaidWithTheNearest) {
  task.doc_to_text = TextTemplate("{{thnig}}", "t");
  try {
    before({});
    FAIL();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("row 0: no field 'thnig'. Did you mean 'thing'?"));
  }
}

TEST(TextTemplate, FiltersAndBareNames) {
  const Item item{{{"a", " \xc3\x84 b "}}, {}, "row"};
  EXPECT_EQ(TextTemplate("<{{ a }}|{{a|trim|lower}}|{{a | upper}}>", "t").of(item),
            "< \xc3\x84 b |\xc3\xa4 b| \xc3\x84 B >");
  EXPECT_EQ(TextTemplate("a", "t").of(item), " \xc3\x84 b ");
  EXPECT_EQ(TextTemplate("ab { } }}", "t").of(item), "ab { } }}");
}

TEST(Reasoning, ShowsScramblesAndFillsSteps) {
  const std::string steps = "2 and 3 are 5. Half of it is 2.5. So it is small.";
  EXPECT_THAT(steps_of(steps), ElementsAre("2 and 3 are 5.", "Half of it is 2.5.", "So it is small."));
  EXPECT_THAT(steps_of("one\ntwo. three.\n"), ElementsAre("one", "two. three."));
  EXPECT_THAT(steps_of("just three words"), ElementsAre("just", "three", "words"));
  EXPECT_EQ(shown_reasoning(Strategy::cot, steps, Random(1)), steps);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto scrambled = shown_reasoning(Strategy::scrambled, steps, Random(seed));
    EXPECT_NE(scrambled, steps);
    EXPECT_THAT(steps_of(scrambled), UnorderedElementsAre("2 and 3 are 5.", "Half of it is 2.5.", "So it is small."));
  }
  EXPECT_EQ(shown_reasoning(Strategy::scrambled, "a a", Random(1)), "a a");
  EXPECT_EQ(shown_reasoning(Strategy::filler, "one two three", Random(1)), "... ... ...");
}

TEST(Reasoning, StandsBetweenQuestionAndAnswer) {
  const auto task =
      parse_task("doc_to_text: \"Q: {{q}}\\nA:\"\ndoc_to_target: a\ndoc_to_reasoning: '{{why}}'\n", "sums.yaml");
  const Items pool = {{{{"q", "1+1?"}, {"a", "2"}, {"why", "One more than 1."}}, {}, "row"}};
  const std::vector<std::string> labels = {"2"};
  EXPECT_EQ(PromptMaker(task, pool, labels, {Strategy::cot}).before({0}, Random(1)),
            "Q: 1+1?\nA: One more than 1. The answer is 2.\n\n");
  EXPECT_EQ(PromptMaker(task, pool, labels, {Strategy::filler}).before({0}, Random(1)),
            "Q: 1+1?\nA: ... ... ... ... The answer is 2.\n\n");
  EXPECT_EQ(PromptMaker(task, pool, labels, {}).before({0}, Random(1)), "Q: 1+1?\nA: 2\n\n");
  EXPECT_EQ(PromptMaker(task, pool, labels, {Strategy::zero_shot_cot}).question(pool[0]),
            "Q: 1+1?\nA: Let's think step by step.");
}

TEST(Items, ComeFromATableWithSplitsOrAFolderOfThem) {
  TempFolder folder;
  const auto table = folder.put("kinds.csv", "split,thing\ntrain, cat \ntest,oak\n");
  const auto items = read_items(table);
  EXPECT_EQ(items[0].field("thing"), " cat ");
  EXPECT_EQ(items[1].place, "kinds.csv:3");
  EXPECT_EQ(items_of(items, "test").size(), 1U);
  EXPECT_THROW(items_of(items, "validation"), DataError);
  folder.put("set/train.jsonl", "{\"thing\": \"cat\", \"choices\": [\"a\", \"b\"]}\n");
  folder.put("set/test.jsonl", "{\"thing\": \"oak\", \"n\": 3}\n{\"thing\": \"dog\"}\n");
  const auto both = read_items(folder / "set");
  EXPECT_EQ(items_of(both, "test").size(), 2U);
  EXPECT_EQ(items_of(both, "test")[0].field("n"), "3");
  EXPECT_THAT(items_of(both, "train")[0].lists.at("choices"), ElementsAre("a", "b"));
  EXPECT_THROW(read_items(folder / "missing.csv"), Error);
  EXPECT_THROW(read_items(folder.put("a.txt", "x")), DataError);
}

}  // namespace
}  // namespace graft::prompting
