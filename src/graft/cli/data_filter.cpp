#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/named_sets.h"
#include "graft/cli/results.h"
#include "graft/core/error.h"
#include "graft/detection/format.h"
#include "graft/detection/subset.h"

namespace graft::cli {
namespace {

struct DataFilterOptions {
  std::string set, format;
  std::vector<std::string> classes;
  bool drop_classes = false, with_boxes = false, drop_crowds = false;
  double min_side = 0, min_area = 0;
  std::string output;
};
template <class Visitor>
void fields(Visitor& visit, DataFilterOptions& o) {
  visit("set", o.set, "the set");
  visit("format", o.format, "its format (default: what it looks like)");
  visit("classes", o.classes, "names of the classes that stay: a,b,c");
  visit("drop-classes", o.drop_classes, "the classes of --classes go, all others stay");
  visit("with-boxes", o.with_boxes, "only images that have a box left");
  visit("drop-crowds", o.drop_crowds, "crowds and groups go");
  visit("min-side", o.min_side, "boxes whose shorter side is at least so many pixels");
  visit("min-area", o.min_area, "boxes of at least so many square pixels");
  visit("output", o.output, "the set to write, a .json file");
}

detection::Kept kept_of(const detection::Set& set, const DataFilterOptions& options) {
  detection::Kept kept(set);
  if (!options.classes.empty()) {
    kept.categories = named_classes(set, options.classes, "data filter");
    if (options.drop_classes) kept.categories.flip();
  } else if (options.drop_classes) {
    throw UsageError("data filter", "--drop-classes needs --classes: which?");
  }
  std::vector<bool> has_box(set.images.size());
  for (std::size_t k = 0; k < set.annotations.size(); ++k) {
    const auto& one = set.annotations[k];
    kept.annotations[k] = kept.categories[one.category] && !(options.drop_crowds && (one.crowd || one.group_of)) &&
                          std::min(one.box.width, one.box.height) >= options.min_side &&
                          one.box.area() >= options.min_area;
    if (kept.annotations[k]) has_box[one.image] = true;
  }
  if (options.with_boxes) kept.images = has_box;
  return kept;
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<DataFilterOptions>();
  arguments.take_positional("set", "the set");
  if (!arguments.parse(terminal)) return 0;
  arguments.require("set", "the set to filter");
  arguments.require("output", "the set to write");
  const auto options = arguments.get<DataFilterOptions>();
  const auto set = read_whole(options.set, options.format, terminal);
  const auto part = detection::subset(set, kept_of(set, options));
  detection::find_format("coco").write(part, options.output);
  if (terminal.json())
    terminal.print(dump(with_notes(
        {{"images", part.images.size()}, {"boxes", part.annotations.size()}, {"classes", part.categories.size()}},
        terminal)));
  else
    terminal.print(fmt::format("{} of {} images, {} of {} boxes, {} of {} classes", part.images.size(),
                               set.images.size(), part.annotations.size(), set.annotations.size(),
                               part.categories.size(), set.categories.size()));
  terminal.line("saved", options.output);
  return 0;
}

}  // namespace

Command data_filter_command() {
  return {"data filter",
          "Some classes, boxes and images of a detection set.",
          "SET -o part.json",
          "graft data filter a.json --classes dog --with-boxes -o dogs.json\n"
          "graft data filter a.json --min-side 8 --drop-crowds -o large.json",
          run,
          [] { return describe_options<DataFilterOptions>(); }};
}

}  // namespace graft::cli
