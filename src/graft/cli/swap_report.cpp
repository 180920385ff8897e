#include "graft/cli/swap_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "graft/cli/results.h"
#include "graft/cli/thumbnail.h"
#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/options.h"
#include "graft/report/swap_page.h"

namespace graft::cli {
namespace {

namespace fs = std::filesystem;
using data::Composite;
using pipelines::BackgroundEffect;
using pipelines::BackgroundEffects;
using pipelines::Estimate;
using pipelines::Swaps;

constexpr size_t kShownPhotos = 24;
constexpr const char* kSame = "of its own class";
constexpr const char* kOther = "of another class";

std::string in_percent(double value) {
  return fmt::format("{:.1f} %", 100 * value);
}

std::string in_percent(const Estimate& one) {
  return fmt::format("{} ({:.1f} to {:.1f})", in_percent(one.value), 100 * one.interval.low, 100 * one.interval.high);
}

std::string with_sign(const Estimate& one) {
  return fmt::format("{:+.3f} ({:+.3f} to {:+.3f})", one.value, one.interval.low, one.interval.high);
}

nlohmann::json json_of(const Estimate& one) {
  return {{"value", one.value}, {"interval", {one.interval.low, one.interval.high}}};
}

nlohmann::json json_of(const BackgroundEffect& effect) {
  if (effect.photos == 0) return {{"photos", 0}};
  return {{"photos", effect.photos},
          {"accuracy", json_of(effect.accuracy)},
          {"drop", json_of(effect.drop)},
          {"changed", json_of(effect.changed)},
          {"log_probability_change", json_of(effect.log_probability)}};
}

// --- swaps.jsonl

std::string line_of(const Swaps& swaps, size_t photo, const char* background, std::optional<size_t> of,
                    const pipelines::Answer& answer) {
  const auto& sample = swaps.photos.samples[photo];
  const auto name_of = [&](int64_t place) { return swaps.classes[static_cast<size_t>(place)]; };
  nlohmann::json json = {{"file", sample.shown()},
                         {"label", name_of(sample.label)},
                         {"background", background},
                         {"predicted", name_of(answer.told)},
                         {"log_probability", answer.log_probability}};
  if (of) {
    json["background_file"] = swaps.photos.samples[*of].shown();
    json["background_label"] = name_of(swaps.photos.samples[*of].label);
  }
  return dump(json) + "\n";
}

std::string lines_of(const Swaps& swaps) {
  std::string lines;
  for (size_t i = 0; i < swaps.answers.size(); ++i) {
    const auto& photo = swaps.answers[i];
    lines += line_of(swaps, i, "photo", {}, photo.photo) + line_of(swaps, i, "own", i, photo.own) +
             line_of(swaps, i, "alone", {}, photo.alone);
    for (const auto& one : photo.same)
      lines += line_of(swaps, i, "same_class", one.background, one.answer);
    for (const auto& one : photo.other)
      lines += line_of(swaps, i, "other_class", one.background, one.answer);
  }
  return lines;
}

// --- the page

report::SwapPicture picture_of(const Swaps& swaps, const data::CompositeOptions& options, const Composite& composite,
                               const pipelines::Answer& answer) {
  const auto& photo = swaps.answers[composite.photo];
  report::SwapPicture shown{.picture = thumbnail_uri(data::compose(swaps.photos, composite, options)),
                            .answer = swaps.classes[static_cast<size_t>(answer.told)],
                            .remark = fmt::format("log p {:.2f}", answer.log_probability),
                            .right = answer.told == photo.label};
  if (composite.kind != Composite::Kind::photo)
    shown.remark += fmt::format(" ({:+.2f})", answer.log_probability - photo.photo.log_probability);
  return shown;
}

report::SwappedPhoto shown_photo(const Swaps& swaps, size_t i, const data::CompositeOptions& options) {
  const auto& photo = swaps.answers[i];
  const auto first_of = [&](const std::vector<pipelines::SwappedAnswer>& all) {
    return all.empty()
               ? report::SwapPicture{}
               : picture_of(swaps, options, {Composite::Kind::swapped, i, all.front().background}, all.front().answer);
  };
  return {.name = swaps.photos.samples[i].shown(),
          .of_class = swaps.classes[static_cast<size_t>(photo.label)],
          .photo = picture_of(swaps, options, {Composite::Kind::photo, i, i}, photo.photo),
          .same = first_of(photo.same),
          .other = first_of(photo.other),
          .alone = picture_of(swaps, options, {Composite::Kind::alone, i, i}, photo.alone)};
}

report::SwapPage page_of(const pipelines::SwapOptions& options, const Swaps& swaps, const std::string& command) {
  const auto& effects = swaps.effects;
  const auto composite = options.draws.composite;
  report::SwapPage page;
  page.subtitle = fmt::format("{} photos of {} · {}", swaps.answers.size(), swaps.photos.root.string(),
                              options.run.empty() ? "zero-shot by " + options.model.model : options.run);
  page.command = command;
  page.headline = in_percent(effects.beyond_chance.value);
  page.said = words_of_follows(effects);
  page.table = swap_table(effects);
  page.answers = {.title = "answers that name the class of a background of another class", .rows = {}, .percent = true};
  page.answers.rows = {{"answers", effects.follows.value, effects.follows.interval},
                       {"by chance", effects.by_chance.value, effects.by_chance.interval},
                       {"beyond chance", effects.beyond_chance.value, effects.beyond_chance.interval}};
  page.answers.reference = 0;
  page.effects = {.title = "mean change of the log-probability of the photo's class", .rows = {}, .reference = 0};
  for (const auto& [name, effect] : {std::pair("its own, put back", &effects.own),
                                     {kSame, &effects.same},
                                     {kOther, &effects.other},
                                     {"alone, without the object", &effects.alone}}) {
    if (effect->photos > 0)
      page.effects.rows.push_back({name, effect->log_probability.value, effect->log_probability.interval});
  }
  page.facts = {{"photos", fmt::format("{}", swaps.answers.size())},
                {"backgrounds", fmt::format("{} of the own class and {} of others a photo, by seed {}",
                                            options.draws.draws, options.draws.draws, options.draws.seed)},
                {"where an object was", "the " + option::print(composite.fill) +
                                            (composite.fill == data::Fill::nearest ? " background pixel" : " colour")},
                {"edge", fmt::format("fades within {} pixels", composite.feather)}};
  const size_t count = std::min(kShownPhotos, swaps.answers.size());
  for (size_t i = 0; i < count; ++i)
    page.photos.push_back(shown_photo(swaps, i * swaps.answers.size() / count, composite));
  return page;
}

}  // namespace

std::vector<std::vector<std::string>> swap_table(const BackgroundEffects& effects) {
  std::vector<std::vector<std::string>> rows = {
      {"background", "photos", "accuracy", "answer changes", "log p of its class"},
      {"as it was", fmt::format("{}", effects.photos), in_percent(effects.accuracy), "", ""}};
  for (const auto& [name, effect] : {std::pair("its own, put back", &effects.own),
                                     {kSame, &effects.same},
                                     {kOther, &effects.other},
                                     {"alone, without the object", &effects.alone}}) {
    if (effect->photos == 0) continue;
    rows.push_back({name, fmt::format("{}", effect->photos), in_percent(effect->accuracy), in_percent(effect->changed),
                    with_sign(effect->log_probability)});
  }
  return rows;
}

std::string words_of_follows(const BackgroundEffects& effects) {
  return fmt::format(
      "of answers follow the background: on backgrounds of another class {} name that class, by chance {}",
      in_percent(effects.follows), in_percent(effects.by_chance));
}

nlohmann::json to_json(const Swaps& swaps, const pipelines::SwapDraws& draws) {
  const auto& effects = swaps.effects;
  nlohmann::json json = {{"photos", effects.photos},
                         {"draws", draws.draws},
                         {"seed", draws.seed},
                         {"fill", option::print(draws.composite.fill)},
                         {"feather", draws.composite.feather},
                         {"accuracy", json_of(effects.accuracy)},
                         {"backgrounds",
                          {{"own", json_of(effects.own)},
                           {"same_class", json_of(effects.same)},
                           {"other_class", json_of(effects.other)},
                           {"alone", json_of(effects.alone)}}},
                         {"follows", json_of(effects.follows)},
                         {"follows_by_chance", json_of(effects.by_chance)},
                         {"follows_beyond_chance", json_of(effects.beyond_chance)}};
  if (effects.gap) json["gap"] = json_of(*effects.gap);
  return json;
}

void write_swap_report(const pipelines::SwapOptions& options, const Swaps& swaps, const std::string& command) {
  const fs::path folder = options.output;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw FileError("swap", "{} cannot be made: {}.", folder.string(), error.message());
  write_file_atomically(folder / "swaps.jsonl", lines_of(swaps));
  write_file_atomically(folder / "summary.json", dump(to_json(swaps, options.draws)) + "\n");
  write_file_atomically(folder / "report.html", report::to_html(page_of(options, swaps, command)));
}

}  // namespace graft::cli
