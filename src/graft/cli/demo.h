// What both forms of the demo share: the embedded model and photos, loaded once, and one run of a method on them.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "graft/cli/arguments.h"
#include "graft/core/interval.h"
#include "graft/engine/session.h"
#include "graft/methods/setting.h"
#include "graft/pipelines/adapt.h"
#include "graft/report/comparison_report.h"

namespace graft::cli {

struct DemoOptions {
  bool full = false;
  int64_t shots = 16;
  int64_t seed = 1;
  int64_t threads = 0;
  std::string precision = "fp32";
  std::string output = "runs/demo";
  bool force = false;
};
template <class Visitor>
void fields(Visitor& visit, DemoOptions& o) {
  visit("full", o.full, "every method at 1, 4 and 16 shots over six seeds; goes on where it was stopped");
  visit("shots", o.shots, "labelled photos a kind to learn from (without --full)");
  visit("seed", o.seed, "which photos are drawn, and all else that is random (without --full)");
  visit("threads", o.threads, "threads that compute; 0: one a core, or OMP_NUM_THREADS");
  visit("precision", o.precision, "how frozen weights are held: fp32, bf16, int8, nf4 or auto");
  visit("output", o.output, "folder for the runs and the report");
  visit("force", o.force, "write into a folder that holds something else than a demo");
}

// One method's result at some shots and seed.
struct DemoRun {
  std::string method;
  int64_t shots = 0;
  int64_t seed = 0;
  int64_t trained = 0;
  int64_t correct = 0, count = 0;
  double mean_per_class = 0;
  Interval per_class_interval = {};  // 95 %, over test photos
  double seconds = 0;
  bool encoded_nothing = false;  // every photo's features were there already

  double accuracy() const { return static_cast<double>(correct) / static_cast<double>(count); }
};

inline constexpr const char* kPerClassNote =
    "Mean per class: over the kinds, the share that is right. The labelled photos are as many of each kind; the test "
    "photos are not, and plain accuracy rewards a leaning to the common kinds.";

class Demo {
 public:
  // Loads the embedded model and photos. Features are kept in memory only: every demo starts alike.
  Demo(const DemoOptions& options, const Arguments& arguments, Terminal& terminal);

  int64_t classes() const;
  methods::Setting setting(int64_t shots) const;
  DemoRun zero_shot();
  // By its demo_setting(); an empty output folder keeps nothing.
  pipelines::AdaptResult adapt(const std::string& method, int64_t shots, int64_t seed, const std::string& output);
  models::Model& model() const { return *session_->model(); }
  const std::string& fingerprint() const { return session_->model()->info().fingerprint; }

 private:
  Terminal& terminal_;
  engine::ModelOptions model_;
  engine::DataOptions data_;
  std::unique_ptr<engine::Session> session_;
};

// Without what it cost.
DemoRun to_run(const std::string& method, int64_t shots, int64_t seed, const tasks::ClassCounts& counts);
DemoRun to_run(const std::string& method, int64_t shots, int64_t seed, const pipelines::AdaptResult& result);

nlohmann::json to_json(const DemoRun& run);

// The end of both forms: the report on disk, its notes and what to do next on the screen.
void finish_demo(report::ComparisonReport report, const DemoOptions& options, const Arguments& arguments,
                 Terminal& terminal);

int run_quick_demo(const DemoOptions& options, const Arguments& arguments, Terminal& terminal);
int run_full_demo(const DemoOptions& options, const Arguments& arguments, Terminal& terminal);

}  // namespace graft::cli
