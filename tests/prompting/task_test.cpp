#include "graft/prompting/task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "graft/core/error.h"
#include "tests/support/source_dir.h"

namespace graft::prompting {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kSound = "doc_to_text: 'Q: {{question}}'\ndoc_to_target: '{{answer}}'\n";

std::string refusal(const std::string& yaml) {
  try {
    parse_task(yaml, "t.yaml");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(Task, ReadsGsm8kAsItIsPublished) {
  const auto task = parse_task(R"yaml(
task: gsm8k
dataset_path: openai/gsm8k
dataset_name: main
tag: [math_word_problems]
output_type: generate_until
training_split: train
fewshot_split: train
test_split: test
doc_to_text: "Question: {{question}}\nAnswer:"
doc_to_target: "{{answer}}"
metric_list:
  - metric: exact_match
    aggregation: mean
    higher_is_better: true
    ignore_case: true
    regexes_to_ignore: [",", "\\$", "(?s).*#### ", "\\.$"]
generation_kwargs:
  until: ["Question:", "</s>", "<|im_end|>"]
  do_sample: false
  temperature: 0.0
repeats: 1
num_fewshot: 5
filter_list:
  - name: "flexible-extract"
    filter:
      - function: "regex"
        group_select: -1
        regex_pattern: "(-?[$0-9.,]{2,})|(-?[0-9]+)"
      - function: "take_first"
metadata: {version: 3.0}
)yaml",
                               "gsm8k.yaml");
  EXPECT_EQ(task.name, "gsm8k");
  EXPECT_EQ(task.num_fewshot, 5);
  EXPECT_THAT(task.generation.until, ElementsAre("Question:", "</s>", "<|im_end|>"));
  EXPECT_EQ(task.generation.sampling.temperature, 0);
  EXPECT_EQ(task.metrics[0].regexes_to_ignore.size(), 4U);
  EXPECT_EQ(task.filters[0].answer({"so 3 and then $1,200."}).text, "$1,200.");
  EXPECT_EQ(task.split_of_examples(), "train");
}

TEST(Task, HasTheDefaultsOfLmEval) {
  const auto task = parse_task(kSound, "t.yaml");
  EXPECT_EQ(task.target_delimiter, " ");
  EXPECT_EQ(task.fewshot_delimiter, "\n\n");
  EXPECT_EQ(task.output_type, OutputType::generate_until);
  EXPECT_THAT(task.generation.until, ElementsAre("\n\n"));
  EXPECT_EQ(task.generation.max_tokens, 256);
  EXPECT_EQ(task.generation.sampling.temperature, 0);
  EXPECT_EQ(task.metrics[0].name, "exact_match");
  EXPECT_EQ(task.split_of_items(), "test");
  EXPECT_EQ(parse_task(kSound + "target_delimiter: ''\n", "t").target_delimiter, "");
}

TEST(Task, RefusesByNameWhatItDoesNotRead) {
  EXPECT_THAT(refusal(kSound + "process_docs: x\n"), HasSubstr("no field 'process_docs'"));
  EXPECT_THAT(refusal(kSound + "doc_to_choice: !function utils.choices\n"),
              HasSubstr("doc_to_choice: !function utils.choices is code"));
  EXPECT_THAT(refusal(kSound + "gen_prefix: x\n"), HasSubstr("no field 'gen_prefix'"));
  EXPECT_THAT(refusal(kSound + "doc_to_txt: x\n"), HasSubstr("Did you mean 'doc_to_text'?"));
  EXPECT_THAT(refusal("doc_to_text: '{% if a %}x'\ndoc_to_target: a\n"), HasSubstr("a statement of Jinja's"));
  EXPECT_THAT(refusal("doc_to_text: '{{a.strip()}}'\ndoc_to_target: a\n"),
              HasSubstr("[t.yaml: doc_to_text] 'a.strip()': an expression of Jinja's"));
  EXPECT_THAT(refusal("doc_to_text: '{{a|tirm}}'\ndoc_to_target: a\n"), HasSubstr("Did you mean 'trim'?"));
  EXPECT_THAT(refusal("doc_to_text: '{{a'\ndoc_to_target: a\n"), HasSubstr("a {{ without }}"));
  EXPECT_THAT(refusal("doc_to_text: x\n"), HasSubstr("doc_to_target is missing"));
  EXPECT_THAT(refusal(kSound + "output_type: multiple\n"), HasSubstr("multiple_choice"));
  EXPECT_THAT(refusal(kSound + "metric_list: [{metric: acc}]\n"), HasSubstr("no metric of this output_type 'acc'"));
  EXPECT_THAT(refusal(kSound + "metric_list: [{metric: exact_match, weight: 1}]\n"), HasSubstr("'weight'"));
  EXPECT_THAT(refusal(kSound + "filter_list: [{name: a, filter: [{function: regxe}]}]\n"),
              HasSubstr("Did you mean 'regex'?"));
  EXPECT_THAT(refusal(kSound + "filter_list: [{name: a, filter: [{function: regex, regex_pattern: '(?=a)'}]}]\n"),
              HasSubstr("(?=...)"));
  EXPECT_THAT(refusal(kSound + "num_fewshot: -1\n"), HasSubstr("line 3: num_fewshot: expected 0 to 10000, got '-1'"));
  EXPECT_THAT(refusal(kSound + "num_fewshot: five\n"), HasSubstr("expected a whole number, got 'five'"));
  EXPECT_THAT(refusal(kSound + "generation_kwargs: {temperature: -1}\n"), HasSubstr("--temperature"));
  EXPECT_THAT(refusal(kSound + "generation_kwargs: {do_sample: true}\n"), HasSubstr("without a temperature"));
  EXPECT_THAT(refusal(kSound + "generation_kwargs: {beams: 4}\n"), HasSubstr("no generation_kwargs 'beams'"));
  EXPECT_THAT(refusal(kSound + "fewshot_config: {samples: []}\n"), HasSubstr("no fewshot_config 'samples'"));
  EXPECT_THAT(refusal(kSound + "task: a\ntask: b\n"), HasSubstr("'task' is set twice"));
  EXPECT_THAT(refusal("- a\n"), HasSubstr("expected a map, got a list"));
  EXPECT_THAT(refusal("a: [\n"), HasSubstr("line"));
}

// The table of docs/prompting.md is the reader's own list.
TEST(Task, DocumentationHasEachFieldAsTheReaderKnowsIt) {
  std::ifstream file(source_dir() / "docs" / "prompting.md");
  std::stringstream page;
  page << file.rdbuf();
  for (const auto& field : task_fields())
    EXPECT_THAT(page.str(), HasSubstr(fmt::format("| {} | {} |", field.name, field.meaning)));
}

}  // namespace
}  // namespace graft::prompting
