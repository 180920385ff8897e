#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/named_sets.h"
#include "graft/cli/results.h"
#include "graft/core/printable.h"
#include "graft/detection/format.h"
#include "graft/detection/set_builder.h"

namespace graft::cli {
namespace {

struct Options {
  std::string file, to, output, format, images;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("file", o.file, "set of boxes to read: a file, or a folder");
  visit("to", o.to, "format to write");
  visit("output", o.output, "file or folder to write");
  visit("format", o.format, "format to read (default: what it looks like)");
  visit("images", o.images,
        "folder of the photos, for formats that do not tell their sizes, and for image folders, which hold them");
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<Options>();
  arguments.take_positional("file", "set of boxes to read");
  if (!arguments.parse(terminal)) return 0;
  arguments.require("file", "a file or folder of boxes");
  arguments.require("to", "the format to write");
  arguments.require("output", "a file or folder to write");
  const auto options = arguments.get<Options>();
  const auto& to = detection::find_format(options.to);
  detection::Findings findings;
  auto set = detection::read_set(options.file, findings, options.format, {.images = options.images});
  if (findings.kinds().contains("broken-file"))
    findings.refuse(options.file);  // records may be missing, not a file's end
  if (!options.images.empty()) {
    const detection::ImageSizes sizes({.images = options.images}, {});
    for (auto& image : set.images)
      if (image.width <= 0) sizes.find(image);
  }
  for (const auto& [kind, finding] : findings.kinds()) {
    if (finding.severity == detection::Severity::left_out)
      terminal.warn(fmt::format("{} left out, {}: {}", finding.count, kind, printable(finding.examples.front())));
  }
  const auto lost = to.write(set, options.output, {.images = options.images});
  if (terminal.json()) {
    terminal.print(dump(with_notes({{"to", to.name},
                                    {"images", set.images.size()},
                                    {"categories", set.categories.size()},
                                    {"annotations", set.annotations.size()},
                                    {"left_out", findings.total(detection::Severity::left_out)},
                                    {"lost", lost}},
                                   terminal)));
    return 0;
  }
  for (const auto& line : lost)
    terminal.print(fmt::format("lost  {}", line));
  if (lost.empty()) terminal.print("nothing is lost");
  terminal.line("saved", fmt::format("{}: {} · {}", options.output, to.name, size_words(set)));
  return 0;
}

}  // namespace

Command data_convert_command() {
  return {"data convert",
          "Write a set of boxes in another format, and say all that it cannot hold.",
          "FILE --to FORMAT -o OUT [--images DIR]",
          "graft data convert instances.json --to cvat -o cvat.xml\n"
          "graft data convert yolo/ --to coco -o instances.json\n"
          "graft data convert openimages/ --images photos/ --to coco -o instances.json",
          run,
          [] { return describe_options<Options>(); }};
}

}  // namespace graft::cli
