#include "graft/study/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>
#include <thread>
#include <utility>

#include "graft/core/clock.h"
#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/core/signals.h"
#include "graft/engine/compute_threads.h"
#include "graft/engine/options.h"
#include "graft/engine/run_config.h"
#include "graft/engine/run_record.h"
#include "graft/pipelines/adapt.h"
#include "graft/pipelines/zero_shot.h"
#include "graft/tasks/accuracy.h"

namespace graft::study {
namespace {

constexpr int64_t kAligned = 512;  // test examples on which it is seen how far features have moved
constexpr size_t kMostOpen = 4;    // models with their data that are held at once
constexpr auto kWait = std::chrono::milliseconds(200);

OptionValues of_kind(const OptionValues& values, const std::vector<OptionInfo>& infos) {
  OptionValues own;
  for (const auto& info : infos) {
    if (const auto found = values.find(info.name); found != values.end()) own[info.name] = found->second;
  }
  return own;
}

engine::ModelOptions model_options(const OptionValues& values) {
  return read_options<engine::ModelOptions>("compare", of_kind(values, describe_options<engine::ModelOptions>()));
}

engine::DataOptions data_options(const OptionValues& values) {
  return read_options<engine::DataOptions>("compare", of_kind(values, describe_options<engine::DataOptions>()));
}

std::string place_key(const OptionValues& values) {
  std::string key;
  for (const auto& [name, value] : write_options(model_options(values)))
    key += name + "=" + value + "\n";
  for (const auto& [name, value] : write_options(data_options(values)))
    key += name + "=" + value + "\n";
  return key;
}

bool is_zero_shot(const OptionValues& values) {
  return values.at("method") == kZeroShot;
}

// What the options of a run come to, whatever their order, and where they lie.
std::string options_hash(const OptionValues& values) {
  OptionValues all;
  if (is_zero_shot(values)) {
    pipelines::ZeroShotOptions o;
    all = of_kind(values, describe_options(o));
    all["method"] = kZeroShot;
  } else {
    all = engine::resolved(engine::read_adapt_request(values));
  }
  Hash hash;
  // Prompts of a file by what they say, not by where it lies.
  if (const auto file = std::exchange(all["templates"], ""); !file.empty()) {
    for (const auto& prompt : engine::read_templates("", file))
      hash.add(prompt);
  }
  for (const auto& [name, value] : all) {
    const bool free = (engine::may_change(name) && name != "threads") || name == "model" || name == "data" ||
                      name == "classes" || name == "labels";
    if (!free) hash.add(name).add(value);
  }
  return hash.hex();
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

void keep_predictions(const tasks::Predictions& predictions, const std::vector<std::string>& classes,
                      StudyFolder& folder, RunResult& result) {
  const bool labelled =
      std::all_of(predictions.labels.begin(), predictions.labels.end(), [](int64_t l) { return l >= 0; });
  if (predictions.target != data::Target::label || !labelled) return;
  result.items = folder.add(Items{predictions.files, classes, predictions.labels});
  for (int64_t row = 0; row < static_cast<int64_t>(predictions.labels.size()); ++row) {
    const auto best = tasks::top(predictions, row, 1).front();
    result.predicted.push_back(best.first);
    result.probability.push_back(static_cast<float>(best.second));
  }
}

void keep_scores(const tasks::Scores& scores, RunResult& result) {
  result.count = scores.count;
  result.loss = scores.loss;
  for (const auto& score : scores.all) {
    if (score.more_is_better) result.scores[score.name] = score.value;  // what a study may decide by
  }
}

}  // namespace

// Of a run inside a study only its warnings are told, each once, with whose it is.
class InsideStudy final : public Reporter {
 public:
  explicit InsideStudy(Reporter& outside) : outside_(outside) {}
  std::string who;
  void line(std::string_view, std::string_view) override {}
  void warn(std::string_view text) override {
    if (told_.insert(std::string(text)).second) outside_.warn(fmt::format("{}: {}", who, text));
  }
  void note(const Note& note) override {
    if (told_.insert(note.text).second) outside_.note({fmt::format("{}: {}", who, note.text), note.numbers});
  }
  void progress(const Progress&) override {}

 private:
  Reporter& outside_;
  std::set<std::string> told_;
};

Shard parse_shard(const std::string& text) {
  const auto bad = [&] {
    return ConfigError("compare", "--shard: expected NUMBER/OF as in 3/16, the number from 1, got '{}'.", text);
  };
  const auto slash = text.find('/');
  const std::string digits = "0123456789";
  if (slash == std::string::npos || slash == 0 || text.size() > 12 || text.find_first_not_of(digits) != slash ||
      text.find_first_not_of(digits, slash + 1) != std::string::npos || slash + 1 == text.size()) {
    throw bad();
  }
  const Shard shard{std::stoll(text.substr(0, slash)), std::stoll(text.substr(slash + 1))};
  if (shard.number < 1 || shard.number > shard.of) throw bad();
  return shard;
}

struct Runner::Place {
  InsideStudy inside;
  std::unique_ptr<engine::Session> session;
};

Runner::Runner(const Spec& spec, StudyFolder& folder, const engine::Host& host, Reporter& report)
    : spec_(spec), folder_(folder), host_(host), report_(report) {}
Runner::~Runner() = default;

Runner::Place& Runner::open(const PlannedRun& run) {
  auto& place = places_[run.place];
  if (!place) {
    if (places_.size() > kMostOpen) {
      std::erase_if(places_, [&](const auto& other) { return other.first != run.place; });
    }
    auto opened = std::make_unique<Place>(Place{InsideStudy(report_), nullptr});
    opened->inside.who = run.cell.data;
    const bool first = !content_.count(run.place);
    Reporter& told = first ? report_ : static_cast<Reporter&>(opened->inside);
    opened->session =
        std::make_unique<engine::Session>(model_options(run.options), data_options(run.options), host_, told);
    place = std::move(opened);
  }
  if (!content_.count(run.place)) {
    const auto& session = *place->session;
    std::map<data::Split, std::shared_ptr<const data::Source>> sources;
    const auto identity = engine::run_identity(
        {}, session.model()->info(), session.dataset(), [&](data::Split split) -> const data::Source& {
          return *(sources[split] = session.source(session.dataset(), split, {}, nullptr));
        });
    content_[run.place] = identity.hex();
    roots_[run.cell.data] = session.dataset().root;
  }
  return *place;
}

void Runner::prepare(bool only_this_machine) {
  for (auto& cell : cells_of(spec_)) {
    PlannedRun run{.cell = cell, .options = options_of(spec_, cell), .place = "", .identity = ""};
    run.place = place_key(run.options);
    if (!content_.count(run.place)) open(run);
    run.identity = Hash().add(content_.at(run.place)).add(options_hash(run.options)).add(GRAFT_VERSION).hex();
    runs_.push_back(std::move(run));
  }
  only_this_machine_ = only_this_machine;
  machine_ = engine::machine_of_this_run();
  refresh();
}

bool Runner::take(const PlannedRun& run) {
  if (const auto known = results_.find(run.cell); known != results_.end() && known->second.outcome != Outcome::failed)
    return true;
  auto found = folder_.find(run.identity);
  if (!found || (only_this_machine_ && found->machine != machine_)) return false;
  found->cell = run.cell;  // the same run under another name
  results_[run.cell] = std::move(*found);
  return true;
}

void Runner::refresh() {
  for (const auto& run : runs_)
    take(run);
}

std::vector<const PlannedRun*> Runner::missing() const {
  std::vector<const PlannedRun*> left;
  for (const auto& run : runs_) {
    const auto known = results_.find(run.cell);
    if (known == results_.end() || known->second.outcome == Outcome::failed) left.push_back(&run);
  }
  return left;
}

// As the same method took with as many shots, elsewhere if not here.
double Runner::seconds_left(const std::vector<const PlannedRun*>& runs) const {
  struct Mean {
    double sum = 0, count = 0;
    void add(double seconds) { sum += seconds, ++count; }
  };
  std::map<Cell, Mean> same;  // whatever the seed
  std::map<std::string, Mean> near;
  for (const auto& [cell, result] : results_) {
    if (result.outcome == Outcome::failed) continue;
    Cell kind = cell;
    kind.seed = 0;
    same[kind].add(result.seconds);
    near[cell.method].add(result.seconds);
  }
  double all = 0;
  for (const auto* run : runs) {
    Cell kind = run->cell;
    kind.seed = 0;
    const auto here = same.find(kind);
    const Mean mean = here != same.end() ? here->second : near[run->cell.method];
    all += mean.sum / mean.count;  // not a number where none is there
  }
  return all;
}

void Runner::compute(const PlannedRun& run, Place& place) {
  RunResult result{.identity = run.identity, .cell = run.cell, .options = run.options};
  place.inside.who = print(run.cell);
  auto& session = *place.session;
  const auto start = Clock::now();
  double not_counted = 0;  // seconds that are no part of the method
  try {
    engine::set_compute_threads(model_options(run.options).threads, host_, place.inside);
    result.machine = engine::machine_of_this_run();
    if (is_zero_shot(run.options)) {
      const auto text = [&](const char* name) {
        const auto found = run.options.find(name);
        return found == run.options.end() ? std::string() : found->second;
      };
      const auto evaluation = pipelines::zero_shot(session, engine::read_templates(text("template"), text("templates")),
                                                   data::Split::test, place.inside);
      keep_scores(evaluation.scores, result);
      keep_predictions(evaluation.predictions, evaluation.classes, folder_, result);
    } else {
      const auto request = engine::read_adapt_request(run.options);
      const auto adapted = pipelines::adapt(session, request.options, request.method_options, place.inside, kAligned);
      if (adapted.drift) {
        result.alignment = adapted.drift->alignment;
        result.aligned = adapted.drift->examples;
        not_counted = adapted.drift->seconds;
      }
      if (adapted.stopped_by != 0) throw Stopped(adapted.stopped_by);
      result.trained_parameters = adapted.trained_parameters;
      result.steps = adapted.steps;
      result.epochs = adapted.epochs;
      result.train_seconds = adapted.train_seconds;
      if (adapted.val && adapted.val->count > 0) result.val = adapted.val->first().value;
      keep_scores(adapted.test, result);
      keep_predictions(adapted.test_predictions, adapted.classes, folder_, result);
    }
  } catch (const DivergenceError& error) {
    result.outcome = Outcome::diverged;
    result.error = last_line(error.what());
    result.count = static_cast<int64_t>(session.dataset().test.size());
  } catch (const Error& error) {
    result.outcome = Outcome::failed;
    result.error = last_line(error.what());
  } catch (const c10::Error& error) {
    result.outcome = Outcome::failed;
    result.error = last_line(error.what_without_backtrace());
  }
  result.seconds = seconds_since(start) - not_counted;
  if (result.outcome != Outcome::done) report_.warn(fmt::format("{}: {}", print(run.cell), result.error));
  folder_.add(result);
  results_[run.cell] = std::move(result);
}

void Runner::run(const Shard& shard, const std::function<bool(int64_t)>& enough) {
  std::vector<const PlannedRun*> own;
  for (size_t i = 0; i < runs_.size(); ++i) {
    if (static_cast<int64_t>(i) % shard.of == shard.number - 1) own.push_back(&runs_[i]);
  }
  // Without a look after each seed, the runs of one model and data set come together.
  if (!enough) {
    std::stable_sort(own.begin(), own.end(),
                     [](const PlannedRun* a, const PlannedRun* b) { return a->place < b->place; });
  }
  std::set<std::string> tried;  // failed here: not again in this process
  const auto is_done = [&](const PlannedRun& run) {
    return tried.count(run.identity) > 0 || (take(run) && results_.at(run.cell).outcome != Outcome::failed);
  };
  for (size_t first = 0; first < own.size();) {
    // All runs, or those of a seed.
    size_t last = own.size();
    if (enough) {
      int64_t seed = 0;
      for (last = first; last < own.size(); ++last) {
        const int64_t next = own[last]->cell.seed;
        if (seed != 0 && next != 0 && next != seed) break;
        if (next != 0) seed = next;
      }
    }
    for (bool waiting = true; waiting;) {
      waiting = false;
      for (size_t i = first; i < last; ++i) {
        const auto& run = *own[i];
        stop_if_asked();
        if (is_done(run)) continue;
        auto claim = folder_.claim(run.identity);
        if (!claim) {
          waiting = true;
          continue;
        }
        results_.erase(run.cell);
        if (is_done(run)) continue;  // another process ended it just now
        compute(run, open(run));
        if (results_.at(run.cell).outcome == Outcome::failed) tried.insert(run.identity);
        std::vector<const PlannedRun*> left;
        for (const auto* other : own) {
          if (!results_.count(other->cell)) left.push_back(other);
        }
        const double seconds = seconds_left(left);
        report_.progress({.stage = "compare",
                          .done = static_cast<int64_t>(own.size() - left.size()),
                          .total = static_cast<int64_t>(own.size()),
                          .detail = print(run.cell),
                          .rate = seconds > 0 ? static_cast<double>(left.size()) / seconds : 0,
                          .unit = "runs"});
      }
      if (waiting) std::this_thread::sleep_for(kWait);
    }
    if (enough && last < own.size()) {
      refresh();
      if (enough(own[last - 1]->cell.seed)) return;
    }
    first = last;
  }
}

}  // namespace graft::study
