// What may be said of two methods. They are compared run by run: on the same examples, draws and seeds, each (data set,
// seed) is one pair. Data sets are fixed: the claim is of the mean over these, and two intervals go with it, which mean
// different things (facts of sampling: all seeds share the test examples).
//   on this test set       over seeds (Student); more seeds narrow it
//   on this kind of data   over seeds and test examples, crossed; more seeds alone do not
// A difference is shown by the exact sign-flip test, stratified by data set, after Holm over all comparisons of the
// study; with `stop-when-decided` by the e-process over seeds, which stays valid however often one looks.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graft/core/interval.h"
#include "graft/core/random.h"

namespace graft::study {

// The differences of two methods on one data set with one model: a row a seed, in the order of the seeds.
struct PairedSet {
  std::string name;
  std::vector<int64_t> won = {};    // test examples won, over all shots; empty where the metric counts no examples
  int64_t items = 0;                // test examples times shots
  std::vector<double> points = {};  // difference of the metric, in points of 100, mean over shots
  // Seeds x examples: mean over shots of right less right, weighed so that their mean is the metric's; may be empty.
  std::vector<double> cells = {};
  int64_t examples = 0;
  int64_t diverged_first = 0, diverged_second = 0;  // runs
  std::vector<int64_t> seeds = {};
};

enum class Verdict { better, worse, equivalent, no_difference, too_few, still_open };

struct Comparison {
  std::string first, second;
  std::vector<PairedSet> sets = {};

  Verdict verdict = Verdict::too_few;
  int64_t pairs = 0, nonzero = 0;
  double points = 0;                              // first less second, mean over sets
  std::optional<Interval> on_this_test_set = {};  // 95 %, points; none for fewer than two seeds of a set
  std::optional<Interval> on_this_kind = {};      // 95 %, points
  // 95 %, points, of the mean over data sets like these: Student over the sets' means; none for fewer than three.
  std::optional<Interval> on_other_sets = {};
  double p = 1, p_holm = 1;               // sign-flip
  std::optional<double> wilcoxon_p = {};  // signed ranks of the same pairs; beside the test, no claim hangs on it
  double e = 1, p_anytime = 1, p_anytime_holm = 1;
  int64_t won_pairs = 0, won_sets = 0;
  double deviation = 0;                                    // of a pair, over all sets: the test knows no sets; points
  int64_t needed_pairs = 0;                                // to see this difference with power 0.8; 0: never
  double detectable = 0;                                   // points that so many pairs show with power 0.8
  std::optional<double> equivalence_p = {};                // two one-sided tests within the margin
  std::optional<Interval> equivalence_interval = {};       // of 1 - 2 alpha
  std::vector<std::string> better_on = {}, worse_on = {};  // sets whose own interval over seeds leaves 0 out
  // Both with one run each (zero-shot): item by item.
  bool by_items = false;
  int64_t only_first = 0, only_second = 0;
};

bool is_win(const Comparison& comparison);  // of either

// "clear win"; "win here" where it is one on these test examples, and their choice could explain it; "no difference",
// ...
std::string label_of(const Comparison& comparison);

struct VerdictOptions {
  double alpha = 0.05;
  std::optional<double> margin;  // points
  bool anytime = false;          // claims by e-values alone
  bool margin_first = true;      // the margin was stated before the runs
};

// Fills in what follows from the sets; Holm runs over all comparisons given.
void judge(std::span<Comparison> comparisons, const VerdictOptions& options, const Random& random);

// Whether another seed could change no claim: each comparison is shown.
bool all_decided(std::span<const Comparison> comparisons);

// Sentences for the person, the first the claim. `seconds`: what a further pair of both costs; NaN: not known.
std::vector<std::string> sentences(const Comparison& comparison, const VerdictOptions& options, int64_t comparisons,
                                   double seconds_a_pair);

}  // namespace graft::study
