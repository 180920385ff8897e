#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/pipelines/features.h"

namespace graft::cli {
namespace {

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::FeaturesOptions>();
  if (!arguments.parse(terminal)) return 0;
  if (!arguments.was_given("adapter"))
    arguments.require("model", "folder, file, or org/name in the Hugging Face cache");
  arguments.require("data", "photos: a folder, a table, or a CoOp split file");
  arguments.require("output", "the safetensors file to write");
  const auto options = arguments.get<pipelines::FeaturesOptions>();
  const auto table = pipelines::features(options, host_of(arguments), terminal);
  if (terminal.json()) {
    terminal.print(dump(with_notes({{"file", options.output},
                                    {"tensor", "features"},
                                    {"shape", table.features.sizes().vec()},
                                    {"photos", table.files.size()},
                                    {"at", options.at}},
                                   terminal)));
    return 0;
  }
  terminal.line("saved", fmt::format("{}: tensor 'features' [{}] float32, the names in the metadata key 'files'",
                                     options.output, fmt::join(table.features.sizes(), ", ")));
  return 0;
}

}  // namespace

Command features_command() {
  return {"features",
          "Write a model's features of photos to a safetensors file.",
          "--model M --data D -o f.safetensors",
          "graft features --model facebook/dinov2-small --data pets/ -o pets.safetensors\n"
          "graft features --model clip/ --data pets/ --at block.5 --adapter runs/pets -o block5.safetensors",
          run,
          [] { return describe_options<pipelines::FeaturesOptions>(); }};
}

}  // namespace graft::cli
