#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/pipelines/language/export.h"

namespace graft::cli {
namespace {

using pipelines::language::ExportOptions;
using pipelines::language::ExportTo;

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<ExportOptions>();
  arguments.take_positional("run", "a run of `lm train`, a folder of PEFT's, or a GGUF LoRA");
  if (!arguments.parse(terminal)) return 0;
  arguments.require("run", "a run of `lm train`, a folder of PEFT's, or a GGUF LoRA");
  arguments.require("output", "the file or folder to write");
  const auto options = arguments.get<ExportOptions>();
  const auto done = pipelines::language::export_adapter(options, host_of(arguments), terminal);
  if (terminal.json()) {
    nlohmann::json json{{"path", done.path.string()}, {"largest_deviation", finite_number(done.largest_deviation)}};
    if (options.to == ExportTo::gguf_lora) json.update({{"matrices", done.matrices}, {"alpha", done.alpha}});
    if (options.to == ExportTo::gguf) json.update({{"tensors", done.tensors}, {"changed", done.changed}});
    terminal.print(dump(with_notes(std::move(json), terminal)));
    return 0;
  }
  const auto what =
      options.to == ExportTo::gguf_lora ? fmt::format("{} matrices, alpha {}; ", done.matrices, done.alpha)
      : options.to == ExportTo::gguf    ? fmt::format("{} of {} tensors changed; ", done.changed, done.tensors)
                                        : "";
  terminal.print(fmt::format("{}read back, the logits deviate by {:.1e} of the largest", what, done.largest_deviation));
  terminal.line("saved", done.path.string());
  return 0;
}

}  // namespace

Command lm_export_command() {
  return {"lm export",
          "Write what a language model learned for llama.cpp, or for PEFT.",
          "RUN -o FILE",
          "graft lm export runs/stories -o stories.gguf\n"
          "graft lm export runs/stories --to peft -o peft/\n"
          "graft lm export runs/stories --to gguf --type q8_0 -o whole.gguf",
          run,
          [] { return describe_options<ExportOptions>(); }};
}

}  // namespace graft::cli
