#include "graft/models/decoder/rotary_settings.h"

#include <nlohmann/json.hpp>

#include <cmath>

#include "graft/core/error.h"

namespace graft::models::decoder {
namespace {

using io::JsonObject;
using Kind = nn::RotaryScaling::Kind;

Kind kind_of(const JsonObject& rope) {
  const auto name = rope.get<std::string>("rope_type", rope.get<std::string>("type", "default"));
  for (const auto& [kind, word] : nn::choices(Kind{})) {
    if (word == name) return kind;
  }
  throw ModelError("decoder", "{}: {} = \"{}\": expected default, linear, dynamic, yarn or llama3.", rope.file(),
                   rope.name_of("rope_type"), name);
}

double yarn_factor(const JsonObject& rope, double factor) {
  if (const auto said = rope.find<double>("attention_factor")) return *said;
  const auto over = rope.get("mscale", 0.0), under = rope.get("mscale_all_dim", 0.0);
  if (over != 0 && under != 0) return nn::yarn_attention(factor, over) / nn::yarn_attention(factor, under);
  return nn::yarn_attention(factor);
}

nn::RotaryScaling scaling_of(const JsonObject& rope, const JsonObject& config) {
  nn::RotaryScaling s;
  s.kind = kind_of(rope);
  const auto longest = static_cast<double>(config.need<int64_t>("max_position_embeddings"));
  const auto before =
      rope.get("original_max_position_embeddings", config.get("original_max_position_embeddings", longest));
  if (s.kind == Kind::none) return s;
  s.factor = rope.need<double>("factor");
  s.original = s.kind == Kind::dynamic ? longest : before;
  if (s.kind == Kind::llama3) {
    s.low_frequency = rope.get("low_freq_factor", 1.0);
    s.high_frequency = rope.get("high_freq_factor", 4.0);
  }
  if (s.kind == Kind::yarn) {
    s.beta_fast = rope.get("beta_fast", 32.0);
    s.beta_slow = rope.get("beta_slow", 1.0);
    s.truncate = rope.get("truncate", true);
    s.attention = yarn_factor(rope, s.factor);
  }
  if (!(s.factor > 0) || !(s.original > 0) || !(s.high_frequency > s.low_frequency)) {
    throw ModelError("decoder",
                     "{}: {}: factor = {}, of {} positions: expected positive numbers, and "
                     "high_freq_factor above low_freq_factor.",
                     rope.file(), rope.name_of(""), s.factor, s.original);
  }
  return s;
}

nn::Rotary rotary_of(const JsonObject& rope, double base, const JsonObject& config, const Settings& settings) {
  rope.expect("partial_rotary_factor", {1.0}, "graft turns whole heads.");
  base = rope.get("rope_theta", base);
  if (!(base > 1) || !std::isfinite(base))
    throw ModelError("decoder", "{}: rope_theta = {}: expected a number above 1.", config.file(), base);
  return {settings.head_width, base, scaling_of(rope, config)};
}

}  // namespace

void read_rotary(const JsonObject& config, Settings& s) {
  config.expect("partial_rotary_factor", {1.0}, "graft turns whole heads.");
  const bool of_two = s.kind == "gemma3_text";
  const auto usual = of_two ? 1e6 : s.kind == "smollm3" ? 2e6 : 1e4;
  const auto base = config.get("rope_theta", usual), local = config.get("rope_local_base_freq", 1e4);
  const auto scaling = config.object("rope_scaling");
  const auto parameters = config.find_object("rope_parameters");
  if (!of_two) {
    s.rotary = s.sliding_rotary = rotary_of(parameters ? *parameters : scaling, base, config, s);
    return;
  }
  const auto whole = parameters ? parameters->find_object("full_attention") : std::nullopt;
  const auto sliding =
      parameters ? parameters->object("sliding_attention") : JsonObject(nlohmann::json::object(), config.file());
  s.rotary = rotary_of(whole ? *whole : scaling, base, config, s);
  s.sliding_rotary = rotary_of(sliding, local, config, s);
}

nlohmann::json rotary_parameters(const nn::Rotary& rotary) {
  const auto& s = rotary.scaling();
  std::string name;
  for (const auto& [kind, word] : nn::choices(Kind{})) {
    if (kind == s.kind) name = word;
  }
  nlohmann::json said = {{"rope_type", name}, {"rope_theta", rotary.base()}};
  if (s.kind == Kind::none) return said;
  said["factor"] = s.factor;
  if (s.kind == Kind::llama3 || s.kind == Kind::yarn)
    said["original_max_position_embeddings"] = std::llround(s.original);
  if (s.kind == Kind::llama3) {
    said["low_freq_factor"] = s.low_frequency;
    said["high_freq_factor"] = s.high_frequency;
  }
  if (s.kind == Kind::yarn) {
    said["beta_fast"] = s.beta_fast;
    said["beta_slow"] = s.beta_slow;
    said["truncate"] = s.truncate;
    said["attention_factor"] = s.attention;
  }
  return said;
}

}  // namespace graft::models::decoder
