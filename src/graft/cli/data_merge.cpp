#include "graft/detection/merge.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/named_sets.h"
#include "graft/cli/results.h"
#include "graft/cli/table.h"
#include "graft/core/error.h"
#include "graft/core/quantities.h"
#include "graft/detection/format.h"
#include "graft/detection/survey.h"

namespace graft::cli {
namespace {

namespace fs = std::filesystem;

struct DataMergeOptions {
  std::vector<std::string> sets;
  std::string mapping;
  std::string format;
  std::vector<std::string> images;
  std::vector<std::string> keep_out;
  bool drop_ambiguous = false, drop_near = false, drop_leaks = false;
  double same_box = detection::MergeOptions{}.same_box;
  std::string undo;
  std::string output;
};
template <class Visitor>
void fields(Visitor& visit, DataMergeOptions& o) {
  visit("sets", o.sets, "the sets, as NAME:PATH or PATH; NAME is what the mapping calls the set");
  visit("mapping", o.mapping, "which class becomes which (see `graft data map`)");
  visit("format", o.format, "format of the sets (default: what each looks like)");
  visit("images", o.images,
        "folders of the sets' photos, NAME:DIR: with them one photo in two sets is seen by its content, and a near one "
        "by its looks");
  visit("keep-out", o.keep_out, "sets to evaluate on, NAME:PATH: a photo of theirs is refused");
  visit("drop-ambiguous", o.drop_ambiguous, "leave out the boxes of classes that nobody decided");
  visit("drop-near", o.drop_near, "leave out photos that look like one of an earlier set");
  visit("drop-leaks", o.drop_leaks, "leave out photos of the sets to evaluate on");
  visit("same-box", o.same_box, "overlap (IoU) from which two boxes of one class in one photo are one");
  visit("undo", o.undo, "a merged set to take apart again, into the folder --output");
  visit("output", o.output, "the merged set, a .json file");
}

int undo(const DataMergeOptions& options, Terminal& terminal) {
  const auto merged = read_whole({"merged", options.undo}, "coco", terminal);
  fs::create_directories(options.output);
  auto json = nlohmann::json::array();
  for (const auto& [name, set] : detection::unmerge(merged)) {
    const auto file = fs::path(options.output) / (name + ".json");
    detection::find_format("coco").write(set, file);
    json.push_back({{"set", name}, {"images", set.images.size()}, {"boxes", set.annotations.size()}});
    if (!terminal.json())
      terminal.print(fmt::format("{}: {} images, {} boxes", file.string(), set.images.size(), set.annotations.size()));
  }
  if (terminal.json()) terminal.print(dump(with_notes({{"sets", json}}, terminal)));
  return 0;
}

void print(const std::vector<detection::MergedSource>& sources, const detection::Set& merged, Terminal& terminal) {
  TextTable table({Align::left, Align::right, Align::right, Align::right, Align::right, Align::right});
  table.row({"set", "images", "joined", "boxes", "joined", "dropped"});
  const auto number = [](std::size_t count) { return fmt::format("{}", count); };
  for (const auto& one : sources)
    table.row({one.name, number(one.images - one.left_images), number(one.joined_images), number(one.kept_boxes),
               number(one.joined_boxes), number(one.dropped_boxes)});
  table.row({"merged", number(merged.images.size()), "", number(merged.annotations.size()), "", ""});
  print(table, terminal);
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<DataMergeOptions>();
  arguments.take_positional("sets", "the sets", true);
  if (!arguments.parse(terminal)) return 0;
  arguments.require("output", "the merged set");
  auto options = arguments.get<DataMergeOptions>();
  options.sets = arguments.positionals();
  if (!options.undo.empty()) {
    if (!options.sets.empty()) throw UsageError("data merge", "--undo takes one merged set and no others.");
    return undo(options, terminal);
  }
  arguments.require("mapping", "which class becomes which (`graft data map` proposes one)");
  if (options.sets.empty())
    throw UsageError("data merge",
                     "expected sets. usage: graft data merge --mapping mapping.csv SET ... -o merged.json");
  if (!(options.same_box > 0 && options.same_box <= 1))
    throw ConfigError("data merge", "--same-box: expected an overlap above 0, up to 1, got {}.", options.same_box);
  const auto named = named_paths(options.sets, "data merge");
  const auto kept_out = named_paths(options.keep_out, "data merge");
  auto all = named;
  all.insert(all.end(), kept_out.begin(), kept_out.end());
  const auto folders = image_folders(options.images, all, "data merge");
  const auto mapping = detection::read_mapping(options.mapping);
  detection::MergeOptions merge;
  merge.drop_ambiguous = options.drop_ambiguous;
  merge.drop_near = options.drop_near;
  merge.drop_leaks = options.drop_leaks;
  merge.same_box = options.same_box;
  merge.beside = fs::absolute(options.output).parent_path();
  detection::Merger merger(mapping, merge);
  for (const auto& one : kept_out)
    merger.keep_out(one.name, read_whole(one, options.format, terminal), folders.at(one.name));
  for (const auto& one : named)
    merger.add(one.name, read_whole(one, options.format, terminal), folders.at(one.name));
  const auto merged = merger.finish();
  tell(merger.findings(), "the merge", terminal);
  detection::find_format("coco").write(merged, options.output);
  if (terminal.json()) {
    const auto classes = detection::survey_of(merged).classes;
    nlohmann::json json = {{"images", merged.images.size()},
                           {"boxes", merged.annotations.size()},
                           {"sets", nlohmann::json::array()},
                           {"classes", nlohmann::json::array()}};
    for (const auto& one : merger.sources())
      json["sets"].push_back({{"set", one.name},
                              {"images", one.images},
                              {"joined_images", one.joined_images},
                              {"left_images", one.left_images},
                              {"boxes", one.boxes},
                              {"kept_boxes", one.kept_boxes},
                              {"joined_boxes", one.joined_boxes},
                              {"dropped_boxes", one.dropped_boxes}});
    for (std::size_t k = 0; k < merged.categories.size(); ++k)
      json["classes"].push_back({{"class", merged.categories[k].name},
                                 {"boxes", classes[k].boxes},
                                 {"images_known", classes[k].known},
                                 {"images_exhaustive", classes[k].whole}});
    terminal.print(dump(with_notes(std::move(json), terminal)));
  } else {
    print(merger.sources(), merged, terminal);
  }
  terminal.line("saved", options.output);
  return 0;
}

}  // namespace

Command data_merge_command() {
  return {"data merge",
          "Make many detection sets one that knows what each was labelled for.",
          "--mapping mapping.csv SET ... -o merged.json",
          "graft data merge --mapping mapping.csv coco:a.json lvis:b.json -o merged.json\n"
          "graft data merge --mapping mapping.csv coco:a.json oid:b/ --images coco:train2017,oid:b/images --keep-out "
          "val:val.json -o merged.json\n"
          "graft data merge --undo merged.json -o apart/",
          run,
          [] { return describe_options<DataMergeOptions>(); }};
}

}  // namespace graft::cli
