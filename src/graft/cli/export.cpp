#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/pipelines/export_onnx.h"

namespace graft::cli {
namespace {

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::OnnxOptions>();
  arguments.take_positional("run", "run folder, or a folder with an adapter");
  if (!arguments.parse(terminal)) return 0;
  arguments.require("output", "the folder to write");
  const auto exported = pipelines::export_onnx(arguments.get<pipelines::OnnxOptions>(), host_of(arguments), terminal);
  if (terminal.json()) {
    terminal.print(dump(with_notes({{"folder", exported.folder.string()},
                                    {"inputs", exported.inputs},
                                    {"outputs", exported.outputs},
                                    {"nodes", exported.nodes},
                                    {"folded", exported.folded},
                                    {"largest_deviation", exported.largest_deviation}},
                                   terminal)));
    return 0;
  }
  terminal.print(fmt::format("{} -> {}; largest deviation {:.1e} of the largest value",
                             fmt::join(exported.inputs, ", "), fmt::join(exported.outputs, ", "),
                             exported.largest_deviation));
  terminal.line("saved", fmt::format("{}: model.onnx, opset 17, and preprocessing.json", exported.folder.string()));
  return 0;
}

}  // namespace

Command export_command() {
  return {"export",
          "Write a run, or a model, as ONNX for other programs.",
          "RUN -o FOLDER",
          "graft export runs/pets -o pets-onnx/\n"
          "graft export --model clip --tower text -o texts-onnx/",
          run,
          [] { return describe_options<pipelines::OnnxOptions>(); }};
}

}  // namespace graft::cli
