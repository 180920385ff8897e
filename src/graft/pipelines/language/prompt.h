// A data set asked of a language model through a template: in-context learning, chains of thought and their controls.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/prompting/evaluation.h"

namespace graft::pipelines::language {

struct PromptDataOptions {
  std::string data;
  std::string prompt_template;
  std::string doc_to_text, doc_to_target;
  std::string embeddings;
  std::string unrelated;
  int64_t limit = 0;
  std::string output;
};
template <class Visitor>
void fields(Visitor& visit, PromptDataOptions& o) {
  visit("data", o.data,
        "the items: a table (CSV, TSV, JSONL) with a column split, or a folder with a table for each split");
  visit("template", o.prompt_template,
        "the task's YAML file (docs/prompting.md); without it --doc-to-text and --doc-to-target");
  visit("doc-to-text", o.doc_to_text, "the question, with {{field}} for a field of the item");
  visit("doc-to-target", o.doc_to_target, "the answer; the choices are those that the training split has");
  visit(
      "embeddings", o.embeddings,
      "a row for each item of the table, in its order (.npy, .npz, .safetensors), by which examples are near (default: "
      "their words)");
  visit("unrelated", o.unrelated, "texts for --control unrelated, one a line");
  visit("limit", o.limit, "ask only the first so many items; 0: all");
  visit("output", o.output,
        "folder for results.json and every answer: a file for each setting, which graft compare reads");
}

// What is asked, read from files: the task with its items and examples.
class AskedTask {
 public:
  explicit AskedTask(const PromptDataOptions& options, const prompting::EvaluationOptions& evaluation);
  const prompting::Question& question() const { return question_; }

 private:
  prompting::Question question_;
  std::unique_ptr<prompting::Similarity> similarity_;
};

// results.json (scores, curve) and answers as JSON lines: k16.jsonl, or k16_seed1.jsonl, k16_seed2.jsonl, ... where
// there are several settings of one number of examples. ConfigError for a folder that holds other things.
void write_prompt_results(const std::filesystem::path& folder, const prompting::Task& task,
                          const prompting::EvaluationOptions& options,
                          const std::vector<prompting::SettingResult>& results);

}  // namespace graft::pipelines::language
