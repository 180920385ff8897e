// The text that a model reads: the description, the examples with their answers, and the question, put together as
// lm-evaluation-harness does it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/random.h"
#include "graft/prompting/items.h"
#include "graft/prompting/reasoning.h"
#include "graft/prompting/task.h"

namespace graft::prompting {

// What is done to examples to see what of them counts (Min et al. 2022, arXiv:2202.12837).
enum class Control {
  none,
  shuffled_labels,  // their answers, dealt out anew among them
  random_labels,    // for each any of the answers that occur
  unrelated,        // their answers behind other texts, which have nothing to do with the task
};
std::vector<std::pair<Control, std::string>> choices(Control);

struct PromptOptions {
  Strategy strategy = Strategy::direct;
  Control control = Control::none;
  std::vector<std::string> unrelated = {};  // the texts of that control
};

// The choices of an item: its own list, the task's, or `labels`.
std::vector<std::string> choices_of(const Task& task, const Item& item, const std::vector<std::string>& labels);
// The right answer as a text; of choices the one whose number stands there. DataError for what is none of the choices.
std::string answer_of(const Task& task, const Item& item);
// The answers that occur, in order of the alphabet.
std::vector<std::string> labels_of(const Task& task, const Items& items);

class PromptMaker {
 public:
  // All are kept by reference.
  PromptMaker(const Task& task, const Items& pool, const std::vector<std::string>& labels, const PromptOptions& options)
      : task_(task), pool_(pool), labels_(labels), options_(options) {}

  // Everything before the question. `random` is of the draw alone: two questions with the same examples have the same.
  std::string before(const std::vector<size_t>& examples, const Random& random) const;
  std::string question(const Item& item) const;
  std::string question_about(const Item& item, const std::string& words) const;  // in place of each of its fields

 private:
  std::string with_strategy(std::string question) const;

  const Task& task_;
  const Items& pool_;
  const std::vector<std::string>& labels_;
  const PromptOptions& options_;
};

}  // namespace graft::prompting
