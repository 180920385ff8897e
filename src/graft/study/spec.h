// A study as its file asks for it: methods x models x data sets x shots x seeds, and what is to be compared.
//
//   models: {clip: clip_products/}          a list of folders will do: their names are then the models'
//   data:   {products: photos.csv, flowers: {data: flowers/, classes: names.txt}}
//   methods: [zero-shot, linear-probe, lora, lora-big]
//   variants: {lora-big: {method: lora, rank: 64}, lora: {epochs: 6}}    the second: what lora itself is run with
//   shots:  [1, 16]                         0, as where nothing is said: all labelled examples
//   seeds:  6                               or a list of them
//   defaults: {precision: fp32}             options of `graft adapt`; a model's, a data set's and a variant's own win
//   exclude: [{method: coop, data: flowers}]
//   compare: {metric: accuracy, against: linear-probe, margin: 0.5}
//   budget: {steps: 600}                    of every run; or parameters, or seconds
//   search: {trials: 8, space: {lr: {low: 1e-4, high: 0.1, scale: log}, lora: {rank: [2, 4, 8]}}}
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/options.h"
#include "graft/study/search_space.h"

namespace graft::study {

inline constexpr const char* kZeroShot = "zero-shot";  // beside what `graft methods` lists

// A model, a data set or a method of the study: its name there, and the options that it sets.
struct Named {
  std::string name;
  OptionValues options;
};

struct Question {
  std::string metric = "accuracy";
  std::string against;           // a method that all others are compared with; empty: each with each
  std::optional<double> margin;  // in points
  double alpha = 0.05;
  bool stop_when_decided = false;
  bool ladder = false;
};
template <class Visitor>
void fields(Visitor& visit, Question& q) {
  visit("metric", q.metric, "score that decides: a name as in `graft adapt --json`, accuracy or mean_per_class");
  visit("against", q.against, "method that the others are compared with (default: each with each)");
  visit("margin", q.margin, "points within which a difference does not matter; then equality can be shown");
  visit("alpha", q.alpha, "share of false claims that is allowed, over all comparisons of the study");
  visit("ladder", q.ladder,
        "the methods stand from the cheapest to the dearest: say for each data set and number of shots which is the "
        "first that is not worse than the best by more than the margin");
  visit("stop-when-decided", q.stop_when_decided, "run seed after seed until every comparison is decided");
}

// What every run may spend. Of the three one, or none.
struct Budget {
  int64_t steps = 0;       // of training
  int64_t parameters = 0;  // trained ones: the option that sizes a method is solved for
  double seconds = 0;      // of training; steps are solved for, from the pace of a few of them
};
template <class Visitor>
void fields(Visitor& visit, Budget& b) {
  visit("steps", b.steps, "steps of training, of each run");
  visit("parameters", b.parameters, "trained parameters of each run: rank, width or length are solved for");
  visit("seconds", b.seconds, "seconds of training, of each run: steps are solved for");
}

// One run of the study.
struct Cell {
  std::string method, model, data;
  int64_t shots = 0, seed = 1;
  int64_t trial = 0;  // of a search: which configuration, from 1
  int64_t rung = 0;   // of successive halving
  auto operator<=>(const Cell&) const = default;
};
// What a configuration is chosen for, and a budget solved for: the cell without seed and trial.
Cell group_of(const Cell& cell);

struct Spec {
  std::string name;
  std::vector<Named> models, data, methods;
  std::vector<int64_t> shots{0}, seeds{1, 2, 3, 4, 5, 6};
  OptionValues defaults;
  std::vector<std::map<std::string, std::vector<std::string>>> exclude;  // axis -> values; all have to fit
  Question question;
  Budget budget;
  Search search;

  const Named& model(const std::string& name) const;
  const Named& dataset(const std::string& name) const;
  const Named& method(const std::string& name) const;
};

// Paths are as they stand from the folder of the study file, where there is such a file or folder. ConfigError with all
// that is wrong: unknown keys and methods with the nearest name, names that stand twice, options that no method has.
Spec read_spec(const std::filesystem::path& file);
Spec parse_spec(const std::string& text, const std::filesystem::path& file);

// The runs in the order of work: seed after seed, and of a seed by model and data set. Zero-shot is one run of each
// model and data set: neither shots nor seeds change it.
std::vector<Cell> cells_of(const Spec& spec);

// The options of a method of the study that a search may set: its own, and where it trains how.
std::vector<std::string> searched_options(const Named& method);

// What `graft adapt` (or zero-shot) is asked for. The seed that a run is given differs between data sets, so that runs
// of two data sets have no random number in common: seed_of() of the data set's name and the study's seed.
OptionValues options_of(const Spec& spec, const Cell& cell);
int64_t seed_of(const std::string& data, int64_t seed);

OptionValues laid_over(OptionValues values, const OptionValues& changes);  // what both say is as `changes` have it

std::string shots_text(int64_t shots);    // "4 shots", "all labels"
std::string print(const Cell& cell);      // "lora · products · 16 shots · seed 3"
std::string print(const Budget& budget);  // "600 steps"; empty for none

}  // namespace graft::study
