// The folder that a run writes: config.yaml, run.json, metrics.jsonl, metrics.csv, TensorBoard events,
// predictions.jsonl, the adapter, checkpoints/. One process at a time. metrics.jsonl is the record; the CSV and the
// events are copies of it, made anew from it on resume.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graft/core/options.h"
#include "graft/tasks/scores.h"

namespace graft::io {
class TensorboardWriter;
}

namespace graft::train {

using NamedScores = std::vector<std::pair<std::string, double>>;
NamedScores named_scores(const tasks::Scores& scores);

// One row of the record. What is not known is NaN and left out.
struct Metric {
  int64_t step = 0;
  int64_t epoch = 0;
  std::string split;  // "train", "val", "test"
  double loss;
  NamedScores scores;  // as a validation or a test names them; none of a step
  double lr;
  double grad_norm;
  double examples_per_s;
  double time;  // seconds since 1970

  double score(std::string_view name) const;  // NaN: there is none
};
std::vector<Metric> read_metrics(const std::filesystem::path& metrics_jsonl);

class RunFolder {
 public:
  // Throws, without touching anything, if the folder holds something and neither `force` nor a resume is asked for.
  static void check_output(const std::filesystem::path& path, bool force);

  // An existing run is emptied of what graft writes when `force`. FileError when another process holds it, with its id.
  // `record` (run_record.h) is there before config.yaml, with which the folder is a run.
  static RunFolder create(const std::filesystem::path& path, bool force, const OptionValues& config,
                          const std::string& record = "");
  static RunFolder reopen(const std::filesystem::path& path);
  RunFolder(RunFolder&&) noexcept;
  RunFolder& operator=(RunFolder&&) noexcept;
  ~RunFolder();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }

  // Starts the record: metrics.jsonl cut to its first `bytes`, the CSV, with a column for each of `scores`, and the
  // events made anew from what stays.
  void start_metrics(int64_t bytes, const std::vector<std::string>& scores);
  void add(const Metric& metric);
  int64_t sync_metrics();  // everything is on disk; the record's length in bytes

  void write_text(const std::string& name, std::string_view content);  // atomically

 private:
  explicit RunFolder(std::filesystem::path path);
  void lock();

  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::filesystem::path path_;
  int lock_ = -1;
  std::vector<std::string> scores_;
  std::unique_ptr<std::FILE, Close> jsonl_, csv_;
  std::unique_ptr<io::TensorboardWriter> events_;
};

}  // namespace graft::train
