#include "graft/cli/adapt_options.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "graft/data/feature_file.h"
#include "graft/io/yaml_options.h"

namespace graft::cli {
namespace {

// Of a run that is to go on; empty where there is none to ask.
std::string method_of_run(const std::string& folder) {
  const auto config = std::filesystem::path(folder) / "config.yaml";
  std::error_code error;
  if (folder.empty() || !std::filesystem::exists(config, error)) return "";
  return io::read_yaml_options(config)["method"];
}

}  // namespace

// Of one method `--rank` is also `--lora.rank`; of several `--lora.rank` is also `--rank`
// where no other has that name.
OptionGroup options_of_method(const std::string& method) {
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

std::optional<engine::AdaptRequest> read_adapt_arguments(Arguments& arguments, Terminal& terminal) {
  arguments.add<engine::AdaptOptions>();
  std::string method = arguments.peek("method");
  if (method.empty()) method = method_of_run(arguments.peek("resume"));
  if (!method.empty()) arguments.add_group(options_of_method(method));
  if (!arguments.parse(terminal)) return {};
  engine::AdaptRequest request{
      arguments.get<engine::AdaptOptions>(), {}, arguments.pick(describe_options<engine::AdaptOptions>())};
  if (request.options.resume.empty()) {
    if (!data::is_feature_file(request.options.data.data))
      arguments.require("model", "folder, file, or org/name in the Hugging Face cache");
    arguments.require("data", "photos: a folder, a table, or a CoOp split file");
    arguments.require("method", "what `graft methods` lists");
  }
  if (!method.empty()) request.method_options = arguments.pick(engine::method_option_infos(method));
  request.given.insert(request.method_options.begin(), request.method_options.end());
  return request;
}

}  // namespace graft::cli
