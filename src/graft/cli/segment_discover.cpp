#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/cli/segmentation_report.h"
#include "graft/cli/table.h"
#include "graft/pipelines/discover.h"

namespace graft::cli {
namespace {

void print_clusters(const pipelines::Discovery& found, Terminal& terminal) {
  TextTable table({Align::left, Align::right, Align::right});
  table.row({"cluster", "crops", "masks"});
  for (int64_t cluster = 0; cluster < found.clusters; ++cluster) {
    int64_t masks = 0;
    for (const auto& photo : found.photos)
      masks += std::ranges::count_if(photo.regions,
                                     [&](const auto& region) { return region.core && region.cluster == cluster; });
    table.row({fmt::format("{}", cluster + 1), fmt::format("{}", found.sizes[static_cast<size_t>(cluster)]),
               fmt::format("{}", masks)});
  }
  print(table, terminal);
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::DiscoverOptions>();
  if (!arguments.parse(terminal)) return 0;
  arguments.require("images", "a folder of photos");
  arguments.require("features", "a ViT: folder, file, or org/name in the Hugging Face cache");
  arguments.require("output", "the folder to write");
  const auto options = arguments.get<pipelines::DiscoverOptions>();
  const auto found = pipelines::discover(options, host_of(arguments), terminal);
  write_segmentation_report(
      options.output + "/report.html",
      {.title = "graft segment discover", .command = arguments.command_line(), .folder = options.output});
  terminal.line("report", options.output + "/report.html");
  if (terminal.json()) {
    terminal.print(dump(with_notes({{"output", options.output},
                                    {"photos", found.photos.size()},
                                    {"clusters", found.clusters},
                                    {"sizes", found.sizes},
                                    {"suggested_by_eigengap", found.by_eigengap},
                                    {"silhouette", found.silhouette},
                                    {"masks", found.masks}},
                                   terminal)));
  } else {
    print_clusters(found, terminal);
  }
  return 0;
}

}  // namespace

Command segment_discover_command() {
  return {
      "segment discover",
      "Make masks of what recurs in photos that nobody labelled.",
      "--images D --features VIT -o found/",
      "graft segment discover --images pets/ --features facebook/dinov2-small --clusters 2 -o found/\n"
      "graft segment discover --images photos/ --features dino-vits8/ --saliency lost --crop-size 256 --clusters 20 "
      "-o found/",
      run,
      [] { return describe_options<pipelines::DiscoverOptions>(); }};
}

}  // namespace graft::cli
