#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/named_sets.h"
#include "graft/cli/results.h"
#include "graft/cli/table.h"
#include "graft/cli/thumbnail.h"
#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/quantities.h"
#include "graft/detection/agreement.h"
#include "graft/detection/survey.h"
#include "graft/detection/twins.h"
#include "graft/report/survey_page.h"

namespace graft::cli {
namespace {

namespace fs = std::filesystem;
using detection::Sampler;
using detection::Survey;

struct DataStatsOptions {
  std::vector<std::string> sets;
  std::string format;
  std::vector<std::string> images;
  double threshold = 0.001;
  std::string html;
};
template <class Visitor>
void fields(Visitor& visit, DataStatsOptions& o) {
  visit("sets", o.sets, "sets, as NAME:PATH or PATH");
  visit("format", o.format, "format of the sets (default: what each looks like)");
  visit("images", o.images,
        "folders of the sets' photos, NAME:DIR: with them photos that are there twice are found and shown");
  visit("threshold", o.threshold, "share of images below which repeat-factor sampling repeats a class (LVIS)");
  visit("html", o.html, "the survey as a page");
}

struct Surveyed {
  NamedPath named;
  detection::Set set;
  Survey survey;
  fs::path photos;
};

std::string number(std::size_t count) {
  return format_count(static_cast<int64_t>(count));
}
std::string share(std::size_t part, std::size_t all) {
  return all == 0 ? "-" : percent(static_cast<double>(part) / static_cast<double>(all));
}

std::vector<std::pair<std::string, std::string>> facts(const Surveyed& one) {
  const Survey& survey = one.survey;
  const auto bins = survey.bins();
  const auto sources = one.set.sources.size();
  return {
      {"format", sources == 0 ? "" : one.set.sources.front().format},
      {"images", number(survey.images)},
      {"without a box", share(survey.empty_images, survey.images)},
      {"boxes", number(survey.boxes)},
      {"boxes an image", survey.images == 0 ? "-"
                                            : fmt::format("{:.1f}", static_cast<double>(survey.boxes) /
                                                                        static_cast<double>(survey.images))},
      {"classes", number(survey.classes.size())},
      {"frequent, common, rare, none", fmt::format("{}, {}, {}, {}", bins.frequent, bins.common, bins.rare, bins.none)},
      {"small, medium, large", fmt::format("{}, {}, {}", share(survey.sizes[0], survey.boxes),
                                           share(survey.sizes[1], survey.boxes), share(survey.sizes[2], survey.boxes))},
      {"crowds, groups", fmt::format("{}, {}", number(survey.crowds), number(survey.groups))},
      {"with a mask", share(survey.with_shape, survey.boxes)},
      {"every class looked for", one.set.federated() ? "no" : "yes"}};
}

std::vector<std::size_t> by_boxes(const Survey& survey) {
  std::vector<std::size_t> order(survey.classes.size());
  for (std::size_t k = 0; k < order.size(); ++k)
    order[k] = k;
  std::ranges::stable_sort(
      order, [&](std::size_t a, std::size_t b) { return survey.classes[a].boxes > survey.classes[b].boxes; });
  return order;
}

report::SurveyedSet page_of(const Surveyed& one, double threshold) {
  const Survey& survey = one.survey;
  report::SurveyedSet page;
  page.name = one.named.name;
  page.facts = facts(one);
  for (const auto& count : survey.classes)
    page.boxes_of.push_back(count.boxes);
  page.share.assign(survey.share.begin(), survey.share.end());
  page.aspect.assign(survey.aspect.begin(), survey.aspect.end());
  page.per_image.assign(survey.per_image.begin(), survey.per_image.end());
  page.centres.assign(survey.centres.begin(), survey.centres.end());
  for (const auto& [sampler, name] : choices(Sampler{}))
    page.seen.emplace_back(name, detection::seen(one.set, detection::weights_of(one.set, sampler, threshold)));
  const auto& names = one.set.categories;
  for (const std::size_t k : by_boxes(survey)) {
    const auto& count = survey.classes[k];
    page.classes.push_back({{names[k].name, fmt::format("{}", count.boxes), fmt::format("{}", count.images),
                             fmt::format("{}", count.known)}});
  }
  for (const auto& pair : survey.pairs)
    page.pairs.push_back({{names[pair.first].name, names[pair.second].name, fmt::format("{}", pair.images),
                           fmt::format("{:.1f}", pair.lift)}});
  return page;
}

// The first fifty with their pictures.
std::vector<report::SamePictures> pictures_of(const std::vector<detection::Twin>& twins,
                                              const std::vector<Surveyed>& sets) {
  constexpr std::size_t kShown = 50;
  std::vector<report::SamePictures> pictures;
  for (const auto& twin : twins) {
    if (pictures.size() == kShown) break;
    const auto name = [&](const detection::Twin::Place& place) {
      return twin_name(sets[place.set].named.name, sets[place.set].set, place.image);
    };
    const auto picture = [&](const detection::Twin::Place& place) {
      const auto& one = sets[place.set];
      return one.photos.empty() ? "" : thumbnail_uri(one.photos / one.set.images[place.image].file);
    };
    pictures.push_back({name(twin.first), name(twin.second), std::string(words_of(twin.by)), picture(twin.first),
                        picture(twin.second)});
  }
  return pictures;
}

std::vector<report::SurveyedAgreement> agreements_of(const std::vector<Surveyed>& sets,
                                                     const std::vector<detection::MarkedSet>& marked,
                                                     nlohmann::json& json) {
  std::vector<report::SurveyedAgreement> all;
  for (std::size_t a = 0; a < sets.size(); ++a) {
    for (std::size_t b = a + 1; b < sets.size(); ++b) {
      const auto found = detection::agreement_of(marked[a], marked[b]);
      if (found.images == 0) continue;
      const auto &first = sets[a].named.name, &second = sets[b].named.name;
      json.push_back({{"first", first},
                      {"second", second},
                      {"images", found.images},
                      {"first_boxes", found.first},
                      {"second_boxes", found.second},
                      {"both", found.both},
                      {"same_class", found.same}});
      report::SurveyedAgreement agreement;
      agreement.title = first + " and " + second;
      agreement.sentence = fmt::format(
          "{} images are in both. {} drew {} boxes there and {} {}; {} are drawn by both (IoU 0.5), {} of these are "
          "called "
          "the same.",
          found.images, first, found.first, second, found.second, found.both, share(found.same, found.both));
      for (const auto& names : found.names)
        agreement.names.push_back({{names.first, names.second, fmt::format("{}", names.boxes)}});
      all.push_back(std::move(agreement));
    }
  }
  return all;
}

void print(const std::vector<Surveyed>& sets, Terminal& terminal) {
  std::vector<Align> columns(1 + sets.size(), Align::right);
  columns.front() = Align::left;
  TextTable table(columns);
  std::vector<std::string> heads = {"set"};
  std::vector<std::vector<std::pair<std::string, std::string>>> of;
  for (const auto& one : sets) {
    heads.push_back(one.named.name);
    of.push_back(facts(one));
  }
  table.row(heads);
  for (std::size_t k = 0; k < of.front().size(); ++k) {
    std::vector<std::string> cells = {of.front()[k].first};
    for (const auto& each : of)
      cells.push_back(each[k].second);
    table.row(cells);
  }
  print(table, terminal);
}

nlohmann::json json_of(const Surveyed& one) {
  const Survey& survey = one.survey;
  nlohmann::json json = {{"set", one.named.name},
                         {"images", survey.images},
                         {"empty_images", survey.empty_images},
                         {"boxes", survey.boxes},
                         {"crowds", survey.crowds},
                         {"groups", survey.groups},
                         {"small_medium_large", survey.sizes},
                         {"federated", one.set.federated()},
                         {"classes", nlohmann::json::array()}};
  for (const std::size_t k : by_boxes(survey)) {
    const auto& count = survey.classes[k];
    json["classes"].push_back({{"class", one.set.categories[k].name},
                               {"boxes", count.boxes},
                               {"images", count.images},
                               {"known", count.known}});
  }
  return json;
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<DataStatsOptions>();
  arguments.take_positional("sets", "the sets", true);
  if (!arguments.parse(terminal)) return 0;
  auto options = arguments.get<DataStatsOptions>();
  options.sets = arguments.positionals();
  if (options.sets.empty())
    throw UsageError("data stats", "expected sets. usage: graft data stats SET ... [--html FILE]");
  if (!(options.threshold > 0))
    throw ConfigError("data stats", "--threshold: expected a share above 0, got {}.", options.threshold);
  const auto named = named_paths(options.sets, "data stats");
  const auto folders = image_folders(options.images, named, "data stats");
  std::vector<Surveyed> sets;
  for (const auto& one : named) {
    Surveyed surveyed{one, read_whole(one, options.format, terminal), {}, folders.at(one.name)};
    surveyed.survey = detection::survey_of(surveyed.set);
    sets.push_back(std::move(surveyed));
  }
  auto agreed = nlohmann::json::array();
  std::vector<detection::MarkedSet> marked;
  detection::Findings findings;
  for (const auto& one : sets)
    marked.push_back(detection::marked(one.set, one.photos, findings));
  tell(findings, "the photos", terminal);
  const auto agreements = agreements_of(sets, marked, agreed);
  const auto twins = detection::find_twins(marked);
  if (!options.html.empty()) {
    std::vector<report::SurveyedSet> pages;
    for (const auto& one : sets)
      pages.push_back(page_of(one, options.threshold));
    write_file_atomically(options.html, report::survey_page(pages, {Survey::kPerImage.begin(), Survey::kPerImage.end()},
                                                            agreements, pictures_of(twins, sets), twins.size()));
  }
  if (terminal.json()) {
    nlohmann::json json = {{"sets", nlohmann::json::array()}, {"agreement", agreed}, {"photos_twice", twins.size()}};
    for (const auto& one : sets)
      json["sets"].push_back(json_of(one));
    terminal.print(dump(with_notes(std::move(json), terminal)));
  } else {
    print(sets, terminal);
    for (const auto& agreement : agreements)
      terminal.print(agreement.title + ": " + agreement.sentence);
    if (twins.size() > 0) terminal.print(fmt::format("{} photos are there twice", twins.size()));
  }
  if (!options.html.empty()) terminal.line("saved", options.html);
  return 0;
}

}  // namespace

Command data_stats_command() {
  return {"data stats",
          "Survey detection sets side by side: tails, sizes, what stands beside what.",
          "SET ... [--html FILE]",
          "graft data stats a.json b.json --html survey.html\n"
          "graft data stats coco:a.json oid:b/ --images coco:train2017,oid:b/images --json",
          run,
          [] { return describe_options<DataStatsOptions>(); }};
}

}  // namespace graft::cli
