#include "graft/study/run_result.h"

#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/io/json_object.h"

namespace graft::study {
namespace {

constexpr int64_t kVersion = 1;
constexpr std::pair<Outcome, const char*> kOutcomes[] = {
    {Outcome::done, "done"}, {Outcome::diverged, "diverged"}, {Outcome::failed, "failed"}};

std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

io::JsonObject open(const std::string& text, const std::string& file, const char* kind) {
  auto json = io::JsonObject::parse(text, file);
  if (json.get<std::string>("kind", "") != kind) throw FileError("compare", "{} is no {} of a study.", file, kind);
  if (const auto version = json.need<int64_t>("version"); version != kVersion) {
    throw FileError("compare", "{} is of version {}; this graft reads version {}. Give the study another --output.",
                    file, version, kVersion);
  }
  return json;
}

template <class T>
std::vector<T> list_of(const io::JsonObject& json, const char* key, const std::string& file) {
  json.has(key);
  try {
    return json.value().at(key).get<std::vector<T>>();
  } catch (const nlohmann::json::exception&) {
    throw FileError("compare", "{}: '{}' is not what a study writes. Remove the file, and it is computed again.", file,
                    key);
  }
}

void read_scores(const nlohmann::json& json, std::map<std::string, double>& scores) {
  for (const auto& [name, value] : json.items())
    scores[name] = value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
}

}  // namespace

std::string to_json(const RunResult& r) {
  nlohmann::ordered_json json = {{"kind", "run"}, {"version", kVersion}, {"identity", r.identity}};
  for (const auto& [outcome, name] : kOutcomes) {
    if (outcome == r.outcome) json["outcome"] = name;
  }
  if (!r.error.empty()) json["error"] = r.error;
  json["method"] = r.cell.method;
  json["model"] = r.cell.model;
  json["data"] = r.cell.data;
  json["shots"] = r.cell.shots;
  json["seed"] = r.cell.seed;
  if (r.cell.trial > 0) json["trial"] = r.cell.trial, json["rung"] = r.cell.rung;
  json["options"] = r.options;
  json["machine"] = r.machine;
  json["trained_parameters"] = r.trained_parameters;
  json["steps"] = r.steps;
  json["epochs"] = r.epochs;
  json["train_seconds"] = r.train_seconds;
  json["seconds"] = r.seconds;
  json["shared_seconds"] = r.shared_seconds;
  json["count"] = r.count;
  json["loss"] = r.loss;
  json["scores"] = r.scores;
  if (r.val) json["val"] = *r.val;
  if (!r.val_scores.empty()) json["val_scores"] = r.val_scores;
  if (r.alignment)
    json["alignment"] = {{"plain", r.alignment->plain}, {"debiased", r.alignment->debiased}, {"examples", r.aligned}};
  json["items"] = r.items;
  json["predicted"] = r.predicted;
  json["probability"] = r.probability;
  return dump(json);
}

RunResult parse_run_result(const std::string& text, const std::string& file) {
  const auto json = open(text, file, "run");
  RunResult r;
  r.identity = json.need<std::string>("identity");
  const auto outcome = json.need<std::string>("outcome");
  bool known = false;
  for (const auto& [value, name] : kOutcomes) {
    if (outcome == name) r.outcome = value, known = true;
  }
  if (!known) throw FileError("compare", "{}: outcome '{}' is not known.", file, outcome);
  r.error = json.get<std::string>("error", "");
  r.cell = {json.need<std::string>("method"), json.need<std::string>("model"), json.need<std::string>("data"),
            json.need<int64_t>("shots"),      json.need<int64_t>("seed"),      json.get("trial", int64_t{0}),
            json.get("rung", int64_t{0})};
  try {
    json.has("options");
    json.has("scores");
    r.options = json.value().at("options").get<OptionValues>();
    read_scores(json.value().at("scores"), r.scores);
    if (json.has("val_scores")) read_scores(json.value().at("val_scores"), r.val_scores);
  } catch (const nlohmann::json::exception&) {
    throw FileError("compare", "{}: options or scores are not what a study writes.", file);
  }
  r.machine = json.need<std::string>("machine");
  r.trained_parameters = json.need<int64_t>("trained_parameters");
  r.steps = json.need<int64_t>("steps");
  r.epochs = json.need<int64_t>("epochs");
  r.train_seconds = json.need<double>("train_seconds");
  r.seconds = json.need<double>("seconds");
  r.shared_seconds = json.get("shared_seconds", 0.0);
  r.count = json.need<int64_t>("count");
  r.loss = json.get("loss", 0.0);
  r.val = json.find<double>("val");
  if (json.has("alignment")) {
    const auto alignment = json.object("alignment");
    const double none = std::numeric_limits<double>::quiet_NaN();
    r.alignment = {alignment.need<double>("plain"), alignment.find<double>("debiased").value_or(none)};
    r.aligned = alignment.need<int64_t>("examples");
  }
  r.items = json.get<std::string>("items", "");
  r.predicted = list_of<int64_t>(json, "predicted", file);
  r.probability = list_of<float>(json, "probability", file);
  if (!r.items.empty() &&
      (static_cast<int64_t>(r.predicted.size()) != r.count || r.probability.size() != r.predicted.size())) {
    throw FileError("compare", "{}: {} predictions of {} examples. Remove the file, and it is computed again.", file,
                    r.predicted.size(), r.count);
  }
  return r;
}

std::string Items::hash() const {
  Hash hash;
  for (const auto& name : classes)
    hash.add(name);
  hash.add("items");
  for (size_t i = 0; i < files.size(); ++i)
    hash.add(files[i]).add(std::to_string(labels[i]));
  return hash.hex();
}

std::string to_json(const Items& items) {
  return dump({{"kind", "items"},
               {"version", kVersion},
               {"classes", items.classes},
               {"files", items.files},
               {"labels", items.labels}});
}

Items parse_items(const std::string& text, const std::string& file) {
  const auto json = open(text, file, "items");
  Items items{list_of<std::string>(json, "files", file), list_of<std::string>(json, "classes", file),
              list_of<int64_t>(json, "labels", file)};
  const auto classes = static_cast<int64_t>(items.classes.size());
  const bool fits =
      items.files.size() == items.labels.size() &&
      std::all_of(items.labels.begin(), items.labels.end(), [&](int64_t l) { return l >= 0 && l < classes; });
  if (!fits) throw FileError("compare", "{}: files and labels do not fit each other.", file);
  return items;
}

}  // namespace graft::study
