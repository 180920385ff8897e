#include "graft/prompting/prompts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/core/shuffle.h"

namespace graft::prompting {
namespace {

std::optional<size_t> number_of(const std::string& text) {
  if (text.empty() || text.size() > 6 || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
    return {};
  return std::stoul(text);
}

bool has_choices(const Task& task) {
  return !task.doc_to_choice.empty() || !task.choice_field.empty();
}

}  // namespace

std::vector<std::pair<Control, std::string>> choices(Control) {
  return {{Control::none, "none"},
          {Control::shuffled_labels, "shuffled-labels"},
          {Control::random_labels, "random-labels"},
          {Control::unrelated, "unrelated"}};
}

std::vector<std::string> choices_of(const Task& task, const Item& item, const std::vector<std::string>& labels) {
  if (!task.doc_to_choice.empty()) return task.doc_to_choice;
  if (task.choice_field.empty()) return labels;
  const auto found = item.lists.find(task.choice_field);
  if (found == item.lists.end() || found->second.empty()) {
    item.field(task.choice_field);
    throw DataError("prompt", "{}: '{}': expected a list of choices (doc_to_choice), as JSONL can hold one.",
                    item.place, task.choice_field);
  }
  return found->second;
}

std::string answer_of(const Task& task, const Item& item) {
  const std::string written = task.doc_to_target.of(item);
  if (task.output_type != OutputType::multiple_choice || !has_choices(task)) return written;
  const auto choices = choices_of(task, item, {});
  const auto as_text = std::ranges::find(choices, written);
  const auto number = number_of(written);
  const bool numbered = number && *number < choices.size();
  if (as_text != choices.end() && numbered && choices[*number] != written)
    throw DataError("prompt",
                    "{}: the answer '{}' is one of the choices, and the number of another ('{}'). Spell the "
                    "choices or the answer otherwise.",
                    item.place, written, printable(choices[*number]));
  if (as_text != choices.end()) return written;
  if (numbered) return choices[*number];
  throw DataError("prompt", "{}: the answer '{}' is none of the choices: {}.", item.place, printable(written),
                  printable(fmt::format("{}", fmt::join(choices, ", "))));
}

std::vector<std::string> labels_of(const Task& task, const Items& items) {
  std::set<std::string> labels;
  for (const auto& item : items)
    labels.insert(answer_of(task, item));
  return {labels.begin(), labels.end()};
}

std::string PromptMaker::before(const std::vector<size_t>& examples, const Random& random) const {
  std::vector<std::string> answers;
  for (const size_t place : examples)
    answers.push_back(answer_of(task_, pool_[place]));
  Random labels = random.fork("labels");
  if (options_.control == Control::shuffled_labels) shuffle(answers, labels);
  if (options_.control == Control::random_labels) {
    for (auto& answer : answers)
      answer = labels_[labels.below(labels_.size())];
  }
  std::string text = task_.description;
  Random others = random.fork("unrelated");
  for (size_t i = 0; i < examples.size(); ++i) {
    const Item& item = pool_[examples[i]];
    text +=
        options_.control == Control::unrelated
            ? task_.doc_to_text.with(
                  item, [&](const std::string&) { return options_.unrelated[others.below(options_.unrelated.size())]; })
            : task_.doc_to_text.of(item);
    text += task_.target_delimiter;
    if (shows_steps(options_.strategy)) {
      const auto steps = shown_reasoning(options_.strategy, task_.doc_to_reasoning.of(item),
                                         random.fork("steps").fork(static_cast<uint64_t>(examples[i])));
      text += fmt::format("{} {} {}.", steps, task_.answer_phrase, answers[i]);
    } else {
      text += answers[i];
    }
    text += task_.fewshot_delimiter;
  }
  return text;
}

std::string PromptMaker::with_strategy(std::string question) const {
  if (options_.strategy == Strategy::zero_shot_cot) question += task_.target_delimiter + kThinkStepByStep;
  return question;
}

std::string PromptMaker::question(const Item& item) const {
  return with_strategy(task_.doc_to_text.of(item));
}

std::string PromptMaker::question_about(const Item& item, const std::string& words) const {
  return with_strategy(task_.doc_to_text.with(item, [&](const std::string&) { return words; }));
}

}  // namespace graft::prompting
