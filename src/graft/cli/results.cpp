#include "graft/cli/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "graft/cli/table.h"
#include "graft/core/printable.h"
#include "graft/tasks/pixel_counts.h"

namespace graft::cli {
namespace {

constexpr int64_t kTop = 5;             // classes of a row for machines
constexpr double kWorthSaying = 0.005;  // a runner-up below half a percent is left out for people

double percent(double share) {
  return 100 * share;
}

double rounded(double value) {
  return std::round(value * 1e6) / 1e6;
}  // float32 has no more to say

// Of each class of pixels how many there are, how many are told right, and its intersection over union.
nlohmann::json of_pixels(const tasks::Predictions& predictions, const std::vector<std::string>& classes) {
  const auto sides = tasks::sides_of(predictions.confusion);
  const auto iou = tasks::iou_of(sides);
  auto all = nlohmann::json::array();
  for (size_t c = 0; c < classes.size(); ++c) {
    const auto k = static_cast<int64_t>(c);
    const auto value = iou[k].item<double>();
    all.push_back({{"class", classes[c]},
                   {"count", sides[0][k].item<int64_t>()},
                   {"correct", sides[2][k].item<int64_t>()},
                   {"iou", finite_number(rounded(value))}});
  }
  return all;
}

// The classes of a photo's pixels by their shares, the largest first.
std::vector<std::pair<int64_t, double>> shares_of_pixels(const tasks::Predictions& predictions, int64_t row) {
  const auto told = predictions.pixels[row][3].contiguous();
  const auto* counts = told.const_data_ptr<int64_t>();
  const auto all = static_cast<double>(told.sum().item<int64_t>());
  std::vector<std::pair<int64_t, double>> shares;
  for (int64_t c = 0; c < told.numel(); ++c)
    if (counts[c] > 0) shares.emplace_back(c, static_cast<double>(counts[c]) / all);
  std::ranges::stable_sort(shares, std::greater{}, &std::pair<int64_t, double>::second);
  return shares;
}

}  // namespace

nlohmann::json to_json(const tasks::Scores& scores) {
  nlohmann::json json = {{"loss", rounded(scores.loss)}, {"count", scores.count}};
  for (const auto& score : scores.all) {
    json[score.name] = finite_number(rounded(score.value));
    if (score.interval && &score != &scores.first())
      json[score.name + "_interval"] = {rounded(score.interval->low), rounded(score.interval->high)};
  }
  if (const auto& interval = scores.first().interval)
    json["interval"] = {rounded(interval->low), rounded(interval->high)};
  return json;
}

nlohmann::json to_json(const tasks::Scores& scores, const tasks::Predictions& predictions,
                       const std::vector<std::string>& classes) {
  auto json = to_json(scores);
  if (predictions.target == data::Target::mask) json["classes"] = of_pixels(predictions, classes);
  if (predictions.target != data::Target::label) return json;
  const auto counts = tasks::count_classes(predictions);
  auto per_class = nlohmann::json::array();
  const bool many = classes.size() > static_cast<size_t>(tasks::kAllScores);  // then those that occur
  for (size_t i = 0; i < classes.size() && i < counts.class_count.size(); ++i) {
    if (many && counts.class_count[i] == 0) continue;
    per_class.push_back(
        {{"class", classes[i]}, {"count", counts.class_count[i]}, {"correct", counts.class_correct[i]}});
  }
  for (const auto& [group, of_group] : counts.groups) {
    const auto interval = wilson_interval(of_group.correct, of_group.count);
    json["groups"].push_back({{"group", group},
                              {"count", of_group.count},
                              {"correct", of_group.correct},
                              {"interval", {rounded(interval.low), rounded(interval.high)}}});
  }
  json["correct"] = counts.correct;
  json["classes"] = std::move(per_class);
  return json;
}

namespace {

nlohmann::json of_numbers(const tasks::Predictions& predictions, int64_t row) {
  const auto truth = predictions.truth[row][0].item<double>();
  nlohmann::json json = {{"file", predictions.files[static_cast<size_t>(row)]},
                         {"value", rounded(predictions.probabilities[row][0].item<double>())}};
  if (std::isfinite(truth)) json["truth"] = rounded(truth);
  return json;
}

nlohmann::json of_several_classes(const tasks::Predictions& predictions, int64_t row,
                                  const std::vector<std::string>& classes) {
  auto labels = nlohmann::json::array(), scores = nlohmann::json::object();
  for (size_t c = 0; c < classes.size(); ++c) {
    const auto probability = predictions.probabilities[row][static_cast<int64_t>(c)].item<double>();
    if (probability >= 0.5) labels.push_back(classes[c]);
    scores[classes[c]] = rounded(probability);
  }
  return {{"file", predictions.files[static_cast<size_t>(row)]}, {"labels", labels}, {"scores", scores}};
}

// What is told of an example, for people: its class with how sure that is and the runners-up, its classes, its number.
std::vector<std::string> cells_of(const pipelines::Evaluation& evaluation, int64_t row) {
  const auto& predictions = evaluation.predictions;
  const auto& classes = evaluation.classes;
  if (predictions.target == data::Target::value)
    return {fmt::format("{:.3f}", predictions.probabilities[row][0].item<double>()), "", ""};
  std::string others;
  if (predictions.target == data::Target::labels) {
    for (size_t c = 0; c < classes.size(); ++c) {
      const auto probability = predictions.probabilities[row][static_cast<int64_t>(c)].item<double>();
      if (probability >= 0.5)
        others += fmt::format("{}{} {:.0f} %", others.empty() ? "" : ", ", classes[c], percent(probability));
    }
    return {others.empty() ? "none" : others, "", ""};
  }
  const bool mask = predictions.target == data::Target::mask;
  const auto best = mask ? shares_of_pixels(predictions, row) : tasks::top(predictions, row, 3);
  for (size_t i = 1; i < best.size() && best[i].second >= kWorthSaying; ++i) {
    others += fmt::format("{}{} {:.0f} %", i > 1 ? ", " : "", classes[static_cast<size_t>(best[i].first)],
                          percent(best[i].second));
  }
  return {classes[static_cast<size_t>(best[0].first)], fmt::format("{:.0f} %", percent(best[0].second)), others};
}

}  // namespace

nlohmann::json to_json(const tasks::Predictions& predictions, int64_t row, const std::vector<std::string>& classes) {
  if (predictions.target == data::Target::value) return of_numbers(predictions, row);
  if (predictions.target == data::Target::labels) return of_several_classes(predictions, row, classes);
  if (predictions.target == data::Target::mask) {
    auto shares = nlohmann::json::object();
    for (const auto& [c, share] : shares_of_pixels(predictions, row))
      shares[classes[static_cast<size_t>(c)]] = rounded(share);
    return {{"file", predictions.files[static_cast<size_t>(row)]}, {"shares", shares}};
  }
  nlohmann::json top = nlohmann::json::array();
  for (const auto& [label, probability] : tasks::top(predictions, row, kTop)) {
    top.push_back({classes[static_cast<size_t>(label)], rounded(probability)});
  }
  nlohmann::json json = {{"file", predictions.files[static_cast<size_t>(row)]},
                         {"label", top[0][0]},
                         {"probability", top[0][1]},
                         {"top", top}};
  const int64_t truth = predictions.labels.empty() ? -1 : predictions.labels[static_cast<size_t>(row)];
  if (truth >= 0) json["truth"] = classes[static_cast<size_t>(truth)];
  return json;
}

void print_predictions(const pipelines::Evaluation& evaluation, Terminal& terminal) {
  const auto& predictions = evaluation.predictions;
  TextTable table({Align::left, Align::left, Align::right, Align::left});
  for (int64_t row = 0; row < static_cast<int64_t>(predictions.files.size()); ++row) {
    if (terminal.json()) {
      terminal.print(dump(to_json(predictions, row, evaluation.classes)));
      continue;
    }
    const auto cells = cells_of(evaluation, row);
    table.row({printable(predictions.files[static_cast<size_t>(row)]), cells[0], cells[1], cells[2]});
  }
  print(table, terminal);
}

nlohmann::json with_notes(nlohmann::json json, const Terminal& terminal) {
  auto notes = nlohmann::json::array();
  for (const auto& note : terminal.notes()) {
    if (note.numbers) notes.push_back(note.text);
  }
  json["notes"] = std::move(notes);
  return json;
}

nlohmann::json finite_number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

std::string dump(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace graft::cli
