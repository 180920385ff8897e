#include "graft/train/run_folder.h"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>

#include "graft/core/atomic_file.h"
#include "graft/core/clock.h"
#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/io/json_object.h"
#include "graft/io/tensorboard.h"
#include "graft/io/yaml_options.h"

namespace graft::train {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char* kLock = ".lock";
constexpr const char* kEvents = "events.out.tfevents.";
constexpr const char* kOlderRate = "images_per_s";  // as older records call it
// What a row of the record has beside its scores.
constexpr std::string_view kFixed[] = {"step",      "epoch",          "split",    "loss", "lr",
                                       "grad_norm", "examples_per_s", kOlderRate, "time"};

// What graft writes into a run folder, and so may remove from it.
constexpr const char* kOurs[] = {"config.yaml",
                                 "run.json",
                                 "metrics.jsonl",
                                 "metrics.csv",
                                 "predictions.jsonl",
                                 "adapter_config.json",
                                 "adapter_model.safetensors",
                                 "head.safetensors",
                                 "blocks.safetensors",
                                 "auxiliary.safetensors",
                                 "report.html",
                                 "bad-files.txt",
                                 "checkpoints"};

// What a killed process may leave behind: the lock, and files that it had not finished.
bool is_leftover(const std::string& name) {
  return name == kLock || (name.starts_with('.') && name.ends_with(".partial"));
}

bool holds_something(const fs::path& folder) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (!is_leftover(entry.path().filename().string())) return true;
  }
  return false;
}

template <class Predicate>
void remove_where(const fs::path& folder, Predicate&& predicate) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (predicate(entry.path().filename().string())) found.push_back(entry.path());
  }
  for (const auto& path : found)
    fs::remove(path);
}

void remove_events(const fs::path& folder) {
  remove_where(folder, [](const std::string& name) { return name.starts_with(kEvents); });
}

std::unique_ptr<std::FILE, int (*)(std::FILE*)> open_file(const fs::path& path, const char* mode) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), mode), std::fclose);
  if (!file) throw FileError("run", "{} cannot be written: {}.", path.string(), std::strerror(errno));
  return file;
}

void append(std::FILE* file, const std::string& text, const fs::path& folder) {
  if (std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0) return;
  throw FileError("run",
                  "the metrics in {} cannot be written: {}. The last checkpoint is whole: make room, then go on "
                  "with --resume.",
                  folder.string(), std::strerror(errno));
}

void add_number(ordered_json& row, const char* name, double value) {
  if (!std::isnan(value)) row[name] = value;
}

std::string json_line(const Metric& m) {
  ordered_json row{{"step", m.step}, {"epoch", m.epoch}, {"split", m.split}};
  add_number(row, "loss", m.loss);
  for (const auto& [name, value] : m.scores)
    add_number(row, name.c_str(), value);
  add_number(row, "lr", m.lr);
  add_number(row, "grad_norm", m.grad_norm);
  add_number(row, "examples_per_s", m.examples_per_s);
  add_number(row, "time", m.time);
  return row.dump() + "\n";
}

std::string csv_header(const std::vector<std::string>& scores) {
  return fmt::format("step,epoch,split,loss,{}{}lr,grad_norm,examples_per_s,time\n", fmt::join(scores, ","),
                     scores.empty() ? "" : ",");
}

std::string csv_line(const Metric& m, const std::vector<std::string>& scores) {
  const auto cell = [](double value) { return std::isnan(value) ? std::string() : fmt::format("{}", value); };
  std::string line = fmt::format("{},{},{},{},", m.step, m.epoch, m.split, cell(m.loss));
  for (const auto& name : scores)
    line += cell(m.score(name)) + ",";
  return line + fmt::format("{},{},{},{}\n", cell(m.lr), cell(m.grad_norm), cell(m.examples_per_s), cell(m.time));
}

void add_events(io::TensorboardWriter& events, const Metric& m) {
  const std::string prefix = m.split == "val" ? "eval" : m.split;
  const auto scalar = [&](const std::string& tag, double value) {
    if (!std::isnan(value)) events.scalar(tag, m.step, static_cast<float>(value), m.time);
  };
  scalar(prefix + "/loss", m.loss);
  for (const auto& [name, value] : m.scores)
    scalar(prefix + "/" + (name == "accuracy" ? "acc" : name), value);
  scalar("lr", m.lr);
  scalar(prefix + "/grad_norm", m.grad_norm);
  scalar(prefix + "/examples_per_s", m.examples_per_s);
}

Metric metric_of(const io::JsonObject& row) {
  const double unknown = std::nan("");
  Metric metric{row.get("step", int64_t{0}),
                row.get("epoch", int64_t{0}),
                row.get("split", std::string()),
                row.get("loss", unknown),
                {},
                row.get("lr", unknown),
                row.get("grad_norm", unknown),
                row.get("examples_per_s", row.get(kOlderRate, unknown)),
                row.get("time", 0.0)};
  for (const auto& name : row.keys()) {
    if (std::find(std::begin(kFixed), std::end(kFixed), name) == std::end(kFixed) && row.raw(name).is_number())
      metric.scores.emplace_back(name, row.raw(name).get<double>());
  }
  return metric;
}

}  // namespace

double Metric::score(std::string_view name) const {
  for (const auto& [own, value] : scores)
    if (own == name) return value;
  return std::nan("");
}

NamedScores named_scores(const tasks::Scores& scores) {
  NamedScores named;
  for (const auto& score : scores.all)
    named.emplace_back(score.name, score.value);
  return named;
}

std::vector<Metric> read_metrics(const fs::path& metrics_jsonl) {
  std::vector<Metric> metrics;
  std::ifstream file(metrics_jsonl);
  for (std::string line; std::getline(file, line);) {
    try {
      metrics.push_back(metric_of(io::JsonObject::parse(line, metrics_jsonl.string())));
    } catch (const FileError&) {  // a line cut short by a full disk
    }
  }
  return metrics;
}

void RunFolder::check_output(const fs::path& path, bool force) {
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_directory(path, error)) {
    throw FileError("run", "{} is a file; a run writes a folder. Choose another --output.", path.string());
  }
  if (force || !holds_something(path)) return;
  if (fs::exists(path / "config.yaml")) {
    throw ConfigError("run",
                      "{} holds a run already. Go on with it by --resume {}, write over it with --force, or choose "
                      "another --output.",
                      path.string(), shell_path(path.string()));
  }
  throw ConfigError("run", "{} is not empty. Choose another --output, or add a run to it with --force.", path.string());
}

RunFolder RunFolder::create(const fs::path& path, bool force, const OptionValues& config, const std::string& record) {
  check_output(path, force);
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw FileError("run", "{} cannot be created: {}.", path.string(), error.message());
  RunFolder folder(path);
  folder.lock();
  check_output(path, force);
  if (force) {
    for (const char* name : kOurs)
      fs::remove_all(path / name);
    remove_events(path);
  }
  if (!record.empty()) folder.write_text("run.json", record);
  folder.write_text("config.yaml", io::print_yaml_options(config));
  return folder;
}

RunFolder RunFolder::reopen(const fs::path& path) {
  if (!fs::exists(path / "config.yaml")) {
    throw FileError("run", "{} holds no config.yaml: nothing to go on with. Is it a run folder?", path.string());
  }
  RunFolder folder(path);
  folder.lock();
  return folder;
}

RunFolder::RunFolder(fs::path path) : path_(std::move(path)) {}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      jsonl_(std::move(other.jsonl_)),
      csv_(std::move(other.csv_)),
      events_(std::move(other.events_)) {}

RunFolder& RunFolder::operator=(RunFolder&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(lock_, other.lock_);
  std::swap(jsonl_, other.jsonl_);
  std::swap(csv_, other.csv_);
  std::swap(events_, other.events_);
  return *this;
}

// The lock goes with its descriptor, also when the process is killed; the file stays, as removing it would race.
RunFolder::~RunFolder() {
  if (lock_ >= 0) ::close(lock_);
}

void RunFolder::lock() {
  const fs::path file = path_ / kLock;
  lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (lock_ < 0) throw FileError("run", "{} cannot be written: {}.", path_.string(), std::strerror(errno));
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    std::string holder = "?";
    std::ifstream(file) >> holder;
    throw FileError("run", "{} is in use by process {}. Wait for it, or choose another --output.", path_.string(),
                    holder);
  }
  const std::string id = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock_, 0) != 0 || ::pwrite(lock_, id.data(), id.size(), 0) != static_cast<ssize_t>(id.size())) {
    throw FileError("run", "{} cannot be written: {}.", path_.string(), std::strerror(errno));
  }
  remove_where(path_, [](const std::string& name) { return name != kLock && is_leftover(name); });
}

void RunFolder::start_metrics(int64_t bytes, const std::vector<std::string>& scores) {
  scores_ = scores;
  const fs::path record = path_ / "metrics.jsonl";
  std::error_code error;
  const auto length = fs::exists(record, error) ? static_cast<int64_t>(fs::file_size(record, error)) : 0;
  if (error || length < bytes) {
    throw FileError("run", "{} is shorter than the checkpoint says ({} bytes, expected {}). It was changed since.",
                    record.string(), length, bytes);
  }
  jsonl_.reset(open_file(record, "ab").release());
  fs::resize_file(record, static_cast<uintmax_t>(bytes));
  csv_.reset(open_file(path_ / "metrics.csv", "wb").release());
  append(csv_.get(), csv_header(scores_), path_);
  remove_events(path_);
  const auto kept = read_metrics(record);
  const auto now = unix_seconds();
  events_ = std::make_unique<io::TensorboardWriter>(path_, kept.empty() ? now : kept.front().time);
  for (const auto& metric : kept) {
    append(csv_.get(), csv_line(metric, scores_), path_);
    add_events(*events_, metric);
  }
  events_->flush();
}

void RunFolder::add(const Metric& metric) {
  append(jsonl_.get(), json_line(metric), path_);
  append(csv_.get(), csv_line(metric, scores_), path_);
  add_events(*events_, metric);
}

int64_t RunFolder::sync_metrics() {
  events_->flush();
  ::fsync(::fileno(jsonl_.get()));
  return static_cast<int64_t>(fs::file_size(path_ / "metrics.jsonl"));
}

void RunFolder::write_text(const std::string& name, std::string_view content) {
  write_file_atomically(path_ / name, content);
}

}  // namespace graft::train
