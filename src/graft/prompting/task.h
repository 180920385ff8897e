// How a data set becomes prompts and answers become scores, as a small YAML file with the names of
// lm-evaluation-harness's tasks: the fields that task_fields() lists. A field that graft does not read is an error by
// name, as is a value that it cannot follow (`!function`, a statement of Jinja's).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graft/prompting/filters.h"
#include "graft/prompting/language_model.h"
#include "graft/prompting/text_template.h"

namespace graft::prompting {

enum class OutputType { multiple_choice, generate_until, loglikelihood, loglikelihood_rolling };
std::vector<std::pair<OutputType, std::string>> choices(OutputType);

struct Metric {
  std::string name;
  // Of exact_match: what is left out on both sides before they are compared.
  bool ignore_case = false, ignore_punctuation = false, ignore_numbers = false;
  std::vector<Pattern> regexes_to_ignore = {};
};

struct Task {
  std::string name = "task";
  std::string description = {};
  TextTemplate doc_to_text = {}, doc_to_target = {}, doc_to_reasoning = {};
  std::vector<std::string> doc_to_choice = {};  // the same for each item
  std::string choice_field = {};                // or a field of lists; empty both: the labels of the examples
  std::string answer_phrase = "The answer is";
  std::string target_delimiter = " ", fewshot_delimiter = "\n\n";
  std::string training_split = {}, validation_split = {}, test_split = {}, fewshot_split = {};
  std::string sampler = "default";
  int64_t num_fewshot = 0, repeats = 1;
  OutputType output_type = OutputType::generate_until;
  GenerateOptions generation = {};
  std::vector<Metric> metrics = {};
  std::vector<FilterPipeline> filters = {{}};

  std::string split_of_examples() const;  // fewshot_split, else training_split, else "train"
  std::string split_of_items() const;     // test_split, else validation_split, else "test"
};

// ConfigError with the file's name and line. `name` is for messages.
Task parse_task(std::string_view yaml, const std::string& name);
Task read_task(const std::filesystem::path& file);  // FileError where it cannot be read

// The metrics that an output type has, the one that is used where none is named first.
std::vector<std::string> metrics_of(OutputType type);

struct TaskField {
  const char* name;
  const char* meaning;
};
std::vector<TaskField> task_fields();

}  // namespace graft::prompting
