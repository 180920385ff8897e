#include "graft/methods/lora/peft_settings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <regex>

namespace graft::methods::lora::peft {
namespace {

// What selects modules is read off the tensors; the rest does not change what a saved adapter computes.
const std::vector<std::string> kOfNoConsequence = {"peft_type",
                                                   "task_type",
                                                   "inference_mode",
                                                   "revision",
                                                   "base_model_name_or_path",
                                                   "target_modules",
                                                   "exclude_modules",
                                                   "layers_to_transform",
                                                   "layers_pattern",
                                                   "rank_pattern",
                                                   "fan_in_fan_out",
                                                   "megatron_core",
                                                   "loftq_config",
                                                   "eva_config",
                                                   "corda_config",
                                                   "lora_ga_config",
                                                   "qalora_group_size",
                                                   "runtime_config",
                                                   "ensure_weight_tying",
                                                   "lora_bias",
                                                   "velora_config"};

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

// Whether std::regex reads a pattern as Python does: no group but (?:, (?=, (?!, no escape of a letter but the common
// classes, no possessive quantifier.
bool reads_alike(const std::string& pattern) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (pattern[i] == '\\') {
      if (std::isalnum(static_cast<unsigned char>(next)) &&
          std::string_view("dDwWsSbB").find(next) == std::string_view::npos) {
        return false;
      }
      ++i;
    } else if (pattern[i] == '(' && next == '?') {
      const char kind = i + 2 < pattern.size() ? pattern[i + 2] : '\0';
      if (kind != ':' && kind != '=' && kind != '!') return false;
    } else if ((pattern[i] == '*' || pattern[i] == '+' || pattern[i] == '?' || pattern[i] == '}') && next == '+') {
      return false;
    } else if (pattern[i] == '[' && next == ':') {
      return false;
    } else if (pattern[i] == '{' && next == ',') {
      return false;
    }
  }
  return true;
}

bool is_selected(const Settings& settings, const std::string& pattern, const std::string& module) {
  if (module == pattern || module.ends_with("." + pattern)) return true;
  try {
    if (reads_alike(pattern)) return std::regex_match(module, std::regex("(.*\\.)?(" + pattern + ")"));
  } catch (const std::regex_error&) {
    // told below
  }
  throw ModelError(
      "lora",
      "{}: alpha_pattern has \"{}\", a regular expression that graft does not read as Python does. Write "
      "the names of the modules in its place, or merge the adapter in PEFT and give graft the merged model.",
      settings.file, pattern);
}

}  // namespace

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
  config.ignore(kOfNoConsequence);
  config.refuse_unread("lora", kWayOn);
  return settings;
}

double alpha_of(const Settings& settings, const std::string& module) {
  for (const auto& [pattern, alpha] : settings.alphas) {
    if (is_selected(settings, pattern, module)) return alpha;
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
