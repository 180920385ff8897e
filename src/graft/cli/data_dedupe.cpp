#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/named_sets.h"
#include "graft/cli/results.h"
#include "graft/core/error.h"
#include "graft/detection/format.h"
#include "graft/detection/subset.h"
#include "graft/detection/twins.h"

namespace graft::cli {
namespace {

namespace fs = std::filesystem;

struct DataDedupeOptions {
  std::vector<std::string> sets;
  std::string format;
  std::vector<std::string> images;
  bool near = false;
  std::string output;
};
template <class Visitor>
void fields(Visitor& visit, DataDedupeOptions& o) {
  visit("sets", o.sets, "sets, as NAME:PATH or PATH; of a photo in several the first set keeps it");
  visit("format", o.format, "format of the sets (default: what each looks like)");
  visit("images", o.images, "folders of the sets' photos, NAME:DIR; without them photos are told by their URLs alone");
  visit("near", o.near, "photos that look the same go too, not only those of the same bytes or URL");
  visit("output", o.output, "folder for the sets without what is there twice: NAME.json each");
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<DataDedupeOptions>();
  arguments.take_positional("sets", "the sets", true);
  if (!arguments.parse(terminal)) return 0;
  auto options = arguments.get<DataDedupeOptions>();
  options.sets = arguments.positionals();
  if (options.sets.empty()) throw UsageError("data dedupe", "expected sets. usage: graft data dedupe SET ... [-o DIR]");
  const auto named = named_paths(options.sets, "data dedupe");
  const auto folders = image_folders(options.images, named, "data dedupe");
  std::vector<detection::Set> sets;
  for (const auto& one : named)
    sets.push_back(read_whole(one, options.format, terminal));
  std::vector<detection::MarkedSet> photos;
  std::vector<detection::Kept> kept;
  detection::Findings findings;
  for (std::size_t s = 0; s < sets.size(); ++s) {
    photos.push_back(detection::marked(sets[s], folders.at(named[s].name), findings));
    kept.emplace_back(sets[s]);
  }
  tell(findings, "the photos", terminal);
  auto json = nlohmann::json::array();
  for (const auto& twin : detection::find_twins(photos)) {
    const bool goes = options.near || twin.by != detection::SamePhoto::By::looks;
    if (goes) kept[twin.second.set].images[twin.second.image] = false;
    const auto first = twin_name(named[twin.first.set].name, sets[twin.first.set], twin.first.image);
    const auto second = twin_name(named[twin.second.set].name, sets[twin.second.set], twin.second.image);
    json.push_back({{"first", first}, {"second", second}, {"how", words_of(twin.by)}, {"goes", goes}});
    if (!terminal.json())
      terminal.print(fmt::format("{} = {}: {}{}", second, first, words_of(twin.by), goes ? "" : ", and stays"));
  }
  auto left = nlohmann::json::array();
  for (std::size_t s = 0; s < sets.size(); ++s) {
    const auto part = detection::subset(sets[s], kept[s]);
    left.push_back({{"set", named[s].name}, {"images", part.images.size()}});
    if (!terminal.json())
      terminal.print(fmt::format("{}: {} of {} images stay", named[s].name, part.images.size(), sets[s].images.size()));
    if (options.output.empty()) continue;
    fs::create_directories(options.output);
    detection::find_format("coco").write(part, fs::path(options.output) / (named[s].name + ".json"));
  }
  if (terminal.json()) terminal.print(dump(with_notes({{"twins", json}, {"sets", left}}, terminal)));
  if (!options.output.empty()) terminal.line("saved", options.output);
  return 0;
}

}  // namespace

Command data_dedupe_command() {
  return {"data dedupe",
          "Find photos that are in detection sets twice, and leave them out.",
          "SET ... [-o DIR]",
          "graft data dedupe a.json b.json -o once/\n"
          "graft data dedupe coco:a.json oid:b/ --images coco:train2017,oid:b/images --near -o once/",
          run,
          [] { return describe_options<DataDedupeOptions>(); }};
}

}  // namespace graft::cli
