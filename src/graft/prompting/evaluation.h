// A task asked of a model: for each number of examples, each draw of them and each order, all items. Every answer is
// kept, so that two runs can be compared item by item.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/prompting/language_model.h"
#include "graft/prompting/prompts.h"
#include "graft/prompting/scores.h"
#include "graft/prompting/selection.h"
#include "graft/prompting/task.h"

namespace graft::prompting {

struct EvaluationOptions {
  std::vector<int64_t> examples = {};  // empty: the task's num_fewshot
  Selection select = Selection::random;
  int64_t draws = 1;
  int64_t orders = 1;
  int64_t seed = 0;
  bool calibrate = false;
  Strategy strategy = Strategy::direct;
  int64_t self_consistency = 1;
  Control control = Control::none;
};
template <class Visitor>
void fields(Visitor& visit, EvaluationOptions& o) {
  visit("examples", o.examples,
        "how many examples stand before a question: a list makes a curve (default: the template's)");
  visit("select", o.select,
        "which examples: at random, class by class, the nearest (last), the first, or lm_eval's own");
  visit("draws", o.draws, "draws of examples, over which the spread is told");
  visit("orders", o.orders, "orders of each draw, over which the spread is told");
  visit("seed", o.seed, "of examples, orders and sampling");
  visit("calibrate", o.calibrate, "also score with contextual calibration (Zhao et al. 2021): acc_calibrated");
  visit("strategy", o.strategy,
        "what comes before the answer: nothing, worked steps, the words that ask for them, or a control");
  visit("self-consistency", o.self_consistency,
        "answers that are drawn to each item, of which the most frequent counts");
  visit("control", o.control, "what is done to the examples to see what of them counts");
}

struct Setting {
  int64_t examples = 0, draw = 0, order = 0;
};

struct Answer {
  std::string item;                            // its place in the data, "kinds.csv:17"
  std::string label, predicted;                // as they are compared; of texts that are only scored empty
  std::map<std::string, double> values = {};   // by metric, or metric and filter ("exact_match,strict-match")
  std::map<std::string, double> choices = {};  // of multiple choice: the log-likelihood of each
  std::vector<std::string> responses = {};     // of generation
};

struct SettingResult {
  Setting setting;
  std::vector<Answer> answers;                  // in the order of the items
  std::vector<Score> scores;                    // the first decides
  std::map<std::string, int64_t> invalid = {};  // by filter: responses from which no answer could be cut
  int64_t responses = 0;                        // of generation: how many there were
};

// The scores of all settings with the same number of examples: their mean, and how far they lie apart.
struct CurvePoint {
  int64_t examples = 0, settings = 0;
  std::string metric, filter;
  double mean = 0, low = 0, high = 0, deviation = 0;  // standard deviation over settings; 0 for one
};
std::vector<CurvePoint> curve_of(const std::vector<SettingResult>& results);

struct Question {
  Task task;
  Items items, pool;                        // what is asked, and what examples are drawn from
  const Similarity* similarity = nullptr;   // [items, pool], for nearest ones
  std::vector<std::string> unrelated = {};  // for that control
};

// ConfigError for options that do not go together or with the task; evaluate() sees to it too.
void check(const Question& question, const EvaluationOptions& options);

std::vector<SettingResult> evaluate(const Question& question, const EvaluationOptions& options, LanguageModel& model,
                                    Reporter& reporter);

}  // namespace graft::prompting
