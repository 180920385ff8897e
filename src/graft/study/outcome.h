// What a study found, as far as its runs are there: tables, comparisons, ranks, and what stands beside them. Plain
// numbers, from which the terminal, the page and the exports are written; the same whatever order the runs came in.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/statistics/students.h"
#include "graft/study/design.h"
#include "graft/study/run_result.h"
#include "graft/study/search_effort.h"
#include "graft/study/verdict.h"

namespace graft::study {

struct TableCell {
  std::vector<double> values;  // of the metric, a run each; diverged runs are 0
  int64_t diverged = 0, failed = 0, missing = 0;
  statistics::Summary summary;  // of the values
};

struct TableRow {
  std::string method;
  int64_t trained = 0;                   // parameters, of one run
  double seconds = 0;                    // a run, mean; without frozen features, which all share
  std::vector<TableCell> cells = {};     // one a column
  std::optional<double> mean = {};       // over the columns, where none is empty
  std::optional<double> mean_rank = {};  // 1 is best
};

// A value of the metric as people read it: a share in percent, another number with three digits.
std::string value_text(double value, bool percent);
// Half the width of the 95 % interval over the seeds, for behind a plus-minus; nothing where there is none.
std::optional<double> half_width(const TableCell& cell);

struct StudyTable {
  int64_t shots = 0;
  std::vector<std::string> columns;  // data sets, or "model · data set" of several models
  std::vector<TableRow> rows;
};

// Of all runs of a method together: whether its confidences are what comes true.
struct Calibration {
  std::string method;
  double error = 0, expected_if_calibrated = 0;  // expected calibration error, 15 bins of equal width
  std::vector<std::pair<double, double>> bins;   // mean confidence, share right
};

// A test example on which two methods differ most: how many of their runs are right.
struct Disagreement {
  std::string data, file, label;
  int64_t first_right = 0, second_right = 0, first_runs = 0, second_runs = 0;
};

// The difference of a class's share right, first less second, in points, with the runs' spread.
struct ClassDelta {
  std::string data, name;
  double points = 0;
  int64_t examples = 0;
};

struct Details {  // of the comparison with the largest claim
  std::string first, second;
  std::vector<ClassDelta> classes;  // from the largest loss to the largest gain
  std::vector<Disagreement> disagreements;
};

struct Ranks {
  std::vector<std::string> methods = {};
  std::vector<double> mean_ranks;  // in the order of the methods
  int64_t sets = 0;
  double p = 1;                                      // Friedman, ranks permuted
  double difference = 0;                             // Nemenyi's, at 0.05
  std::vector<std::pair<size_t, size_t>> bars = {};  // in the order of ranks
};

// For one data set and number of shots: the first method, in the order of the study, that is not worse than the best by
// more than the margin, with the time of both. Not worse: the upper end of the one-sided interval of (best less it)
// over the paired seeds lies below the margin (Student, alpha; non-inferiority). Each step stands alone.
struct Rung {
  std::string data;
  int64_t shots = 0;
  std::string best, enough;  // enough is best itself where no cheaper method is shown to be
  double best_mean = 0, enough_mean = 0;
  double worse_at_most = 0;  // points
  double best_seconds = 0, enough_seconds = 0;
  bool best_is_cheapest = false;
};

std::string print(const Rung& rung);  // "flowers, 4 shots: linear-probe is enough ..."

// What each run of a method scores, a row a seed, a column a data set and number of shots; where all are there.
struct MethodScores {
  std::string method;
  std::vector<int64_t> seeds = {};
  int64_t tasks = 0;
  std::vector<double> values = {};  // [seeds, tasks]
};

// How near the tower's features of test examples stay to the frozen model's (statistics/drift.h), of all runs of a
// method on a column; 1 is the same up to rotation and scale.
struct FeatureAlignment {
  std::string method, data;
  std::vector<double> plain = {}, debiased = {};  // a run each; debiased may lack some
  int64_t examples = 0;
};

struct StudyOutcome {
  std::string name, metric;
  bool percent = true;   // the metric is a share
  bool foreign = false;  // as the design's
  std::vector<StudyTable> tables = {};
  std::vector<Comparison> comparisons = {};
  VerdictOptions verdict_options = {};
  double seconds_a_pair = 0;
  std::optional<Ranks> ranks = {};
  std::vector<Calibration> calibration = {};
  std::vector<MethodScores> scores = {};
  std::vector<FeatureAlignment> alignments = {};
  std::vector<Rung> ladder = {};
  std::optional<Details> details = {};
  std::vector<std::pair<std::string, std::string>> failures = {};  // run, its last line
  std::vector<std::string> machines = {};
  std::string budget = {};  // "600 steps"; empty: each as its own options have it
  std::vector<SearchEffort> search = {};
  int64_t runs = 0, there = 0;
  bool decided = false;  // and stopped before all runs, as was asked
};

StudyOutcome outcome_of(const Design& design, const std::vector<Cell>& cells, const std::map<Cell, RunResult>& results,
                        const ItemsOf& items_of);
StudyOutcome outcome_of(const Spec& spec, const std::vector<Cell>& cells, const std::map<Cell, RunResult>& results,
                        const ItemsOf& items_of);

}  // namespace graft::study
