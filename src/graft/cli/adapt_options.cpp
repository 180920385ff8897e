#include "graft/cli/adapt_options.h"

#include <fmt/format.h>

#include <map>

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

}  // namespace

std::optional<engine::AdaptRequest> read_adapt_arguments(Arguments& arguments, Terminal& terminal) {
  arguments.add<engine::AdaptOptions>();
  const std::string method = arguments.peek("method");
  if (!method.empty()) arguments.add_group(options_of(method));
  if (!arguments.parse(terminal)) return {};
  engine::AdaptRequest request{arguments.get<engine::AdaptOptions>(), {}};
  if (request.options.resume.empty()) {
    arguments.require("model", "folder, file, or org/name in the Hugging Face cache");
    arguments.require("data", "photos: a folder, a table, or a CoOp split file");
    arguments.require("method", "what `graft methods` lists");
  }
  if (!method.empty()) request.method_options = arguments.pick(engine::method_option_infos(method));
  return request;
}

}  // namespace graft::cli
