#include "graft/methods/lora/peft_settings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "graft/methods/lora/module_patterns.h"
#include "graft/methods/peft_names.h"

namespace graft::methods::lora::peft {
namespace {

std::string lower(std::string text) {
  for (char& letter : text)
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return text;
}

Start read_start(const io::JsonObject& config) {
  const auto& start = config.raw("init_lora_weights");
  if (start.is_null() || start.is_boolean()) return Start::plain;
  if (!start.is_string()) config.refuse(config.name_of("init_lora_weights"), "true, false or a text", &start);
  const auto name = lower(start.get<std::string>());
  for (const char* plain : {"gaussian", "orthogonal", "eva", "mica"}) {
    if (name == plain) return Start::plain;
  }
  if (name == "pissa") return Start::pissa;
  if (name == "olora") return Start::olora;
  throw ModelError(
      "lora",
      "{}: init_lora_weights = {}: expected true, false, gaussian, orthogonal, eva, mica, pissa or olora. Any "
      "other start may have changed the base too, in a way that the file does not tell. In PEFT, save the "
      "adapter with path_initial_model_for_weight_conversion, or merge it into its base (merge_and_unload) "
      "and give graft the merged model.",
      config.file(), io::brief(start));
}

}  // namespace

const PeftFields& fields() {
  using enum PeftField::Kind;
  constexpr const char* kSelects = "modules and their ranks are those that have tensors";
  static const PeftFields all = with_common({
      {"peft_version", read, "whether an out_proj of an nn.MultiheadAttention is added twice, as up to 0.21.2"},
      {"auto_mapping", read, "base_model_class, where a name could be of two towers"},
      {"r", read, "where no tensor tells it"},
      {"lora_alpha", read},
      {"lora_dropout", read},
      {"use_rslora", read},
      {"use_dora", read, "with a lora_magnitude_vector for each pair"},
      {"init_lora_weights", read,
       "pissa and olora are taken out of the base; a start that changed it otherwise is refused"},
      {"alpha_pattern", read, "names and regular expressions, the first that matches"},
      {"bias", read, "none, all or lora_only; biases that have tensors are set"},
      {"modules_to_save", read,
       "a linear classifier becomes the head, modules of the model are set, others left aside"},
      {"target_modules", tensors, kSelects},
      {"exclude_modules", tensors, kSelects},
      {"layers_to_transform", tensors, kSelects},
      {"layers_pattern", tensors, kSelects},
      {"rank_pattern", tensors, kSelects},
      {"lora_bias", tensors, "a lora_B.bias is added"},
      {"fan_in_fan_out", tensors, "A and B lie as always"},
      {"megatron_core", idle},
      {"runtime_config", idle},
      {"loftq_config", idle, "how the pair started"},
      {"eva_config", idle, "how the pair started"},
      {"corda_config", idle, "how the pair started; the start itself is refused"},
      {"lora_ga_config", idle, "how the pair started; the start itself is refused"},
      {"qalora_group_size", idle, "without use_qalora"},
      {"velora_config", idle, "about training"},
      {"ensure_weight_tying", idle, "about training"},
      {"megatron_config", refused},
      {"trainable_token_indices", refused},
      {"alora_invocation_tokens", refused},
      {"use_qalora", refused},
      {"monteclora_config", refused},
      {"layer_replication", refused},
      {"target_parameters", refused},
      {"use_bdlora", refused},
      {"arrow_config", refused},
      {"kasa_config", refused},
  });
  return all;
}

Settings read_settings(const io::JsonObject& config) {
  Settings settings;
  settings.file = config.file();
  settings.rank = config.get("r", int64_t{8});
  settings.alpha = config.get("lora_alpha", 8.0);
  settings.dropout = config.get("lora_dropout", 0.0);
  settings.rslora = config.get("use_rslora", false);
  settings.dora = config.get("use_dora", false);
  settings.version = config.get("peft_version", std::string());
  settings.start = read_start(config);
  config.expect("bias", {"none", "all", "lora_only"});
  const auto alphas = config.object("alpha_pattern");
  for (const auto& key : alphas.keys()) {
    if (const auto alpha = alphas.find<double>(key)) settings.alphas.emplace_back(key, *alpha);
  }
  if (const auto& saved = config.raw("modules_to_save"); saved.is_string()) {
    settings.saved = {saved.get<std::string>()};
  } else {
    settings.saved = config.get("modules_to_save", std::vector<std::string>());
  }
  if (const auto mapping = config.find_object("auto_mapping")) {
    settings.base_class = mapping->get("base_model_class", std::string());
    mapping->ignore({"*"});
  }
  ignore_idle(config, fields());
  config.refuse_unread("lora", methods::peft::kWayOn);
  return settings;
}

double alpha_of(const Settings& settings, const std::string& module) {
  for (const auto& [pattern, alpha] : settings.alphas) {
    if (matches_pattern(settings.file + ": alpha_pattern", pattern, module)) return alpha;
  }
  return settings.alpha;
}

OutProj out_proj_of(const std::string& version) {
  std::array<int, 3> number = {0, 0, 0};
  const char* at = version.data();
  const char* const end = at + version.size();
  size_t read = 0;
  for (; read < number.size(); ++read) {
    const auto result = std::from_chars(at, end, number[read]);
    if (result.ec != std::errc()) break;
    at = result.ptr;
    if (at == end || *at != '.') {
      ++read;
      break;
    }
    ++at;
  }
  if (read < 2) return OutProj::twice_perhaps;
  return number <= std::array<int, 3>{0, 21, 2} ? OutProj::twice : OutProj::once_perhaps;
}

}  // namespace graft::methods::lora::peft
