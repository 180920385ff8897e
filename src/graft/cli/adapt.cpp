#include "graft/engine/adapt.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/results.h"
#include "graft/cli/run_report.h"
#include "graft/core/signals.h"

namespace graft::cli {
namespace {

// The method's own options. Of one method `--rank` is also `--lora.rank`; of several `--lora.rank` is also `--rank`
// where no other has that name.
OptionGroup options_of(const std::string& method) {
  OptionGroup group{fmt::format("options of {}", method), engine::method_option_infos(method)};
  const bool several = method.find('+') != std::string::npos;
  std::map<std::string, int> owners;
  for (const auto& info : group.options)
    ++owners[info.name.substr(info.name.find('.') + 1)];
  for (const auto& info : group.options) {
    const std::string plain = info.name.substr(info.name.find('.') + 1);
    if (!several) {
      group.aliases[method + "." + info.name] = info.name;
    } else if (owners[plain] == 1) {
      group.aliases[plain] = info.name;
    }
  }
  return group;
}

nlohmann::json describe(const engine::AdaptResult& result) {
  nlohmann::json json = {{"folder", result.folder.string()},
                         {"trained_parameters", result.trained_parameters},
                         {"frozen_parameters", result.frozen_parameters},
                         {"steps", result.steps},
                         {"epochs", result.epochs},
                         {"seconds", result.seconds},
                         {"peak_memory_bytes", result.peak_memory_bytes},
                         {"adapter_bytes", result.adapter_bytes},
                         {"test", to_json(result.test, result.classes)}};
  if (result.val && result.val->count > 0) json["val"] = to_json(*result.val, result.classes);
  return json;
}

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<engine::AdaptOptions>();
  const std::string method = arguments.peek("method");
  if (!method.empty()) arguments.add_group(options_of(method));
  if (!arguments.parse(terminal)) return 0;
  const auto options = arguments.get<engine::AdaptOptions>();
  if (options.resume.empty()) {
    arguments.require("model", "folder, file, or org/name in the Hugging Face cache");
    arguments.require("data", "photos: a folder, a table, or a CoOp split file");
    arguments.require("method", "what `graft methods` lists");
  }
  const std::string folder = options.resume.empty() ? options.output : options.resume;
  if (!folder.empty()) terminal.log_to(folder, !options.resume.empty());
  catch_stop_signals();
  OptionValues method_options;
  if (!method.empty()) method_options = arguments.pick(engine::method_option_infos(method));
  const auto result = engine::adapt(options, method_options, host_of(arguments), terminal);
  if (result.stopped_by != 0) {
    if (!result.folder.empty()) terminal.finish_log();
    return 128 + result.stopped_by;
  }
  if (!result.folder.empty()) {
    write_run_report(result, arguments.command_line());
    terminal.line("report", (result.folder / "report.html").string());
    terminal.line("next", fmt::format("graft predict {} PHOTO ...", result.folder.string()));
    terminal.finish_log();
  } else {
    terminal.line("next", "add -o FOLDER to keep what was trained");
  }
  if (terminal.json()) terminal.print(dump(describe(result)));
  return 0;
}

}  // namespace

Command adapt_command() {
  return {"adapt", "Train a few parameters on a frozen model.", "--model M --data D --method NAME [-o FOLDER]",
          "graft adapt --model openai/clip-vit-base-patch16 --data pets/ --method lora --shots 16 -o runs/pets\n"
          "graft adapt --config pets.yaml --method lora --rank 4 --lr 1e-4 -o runs/rank4\n"
          "graft adapt --model clip/ --data pets/ --method lora+vpt --lora.rank 4 -o runs/both\n"
          "graft adapt --resume runs/pets\n"
          "graft adapt --method lora --help      # with the options of lora",
          run};
}

}  // namespace graft::cli
