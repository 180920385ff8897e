#include "graft/models/decoder/decoder_settings.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "graft/core/error.h"
#include "graft/models/decoder/rotary_settings.h"
#include "graft/models/transformers_keys.h"
#include "graft/tensor/activation_names.h"

namespace graft::models::decoder {
namespace {

using io::JsonObject;

constexpr const char* kWayOn = "What it computes would not be the model's own, so nothing was loaded.";

struct Named {
  const char* type;
  const char* name;
};
constexpr Named kKinds[] = {{"llama", "Llama"},        {"mistral", "Mistral"}, {"qwen2", "Qwen2"},
                            {"qwen3", "Qwen3"},        {"smollm3", "SmolLM3"}, {"gemma2", "Gemma 2"},
                            {"gemma3_text", "Gemma 3"}};

bool is_gemma(const Settings& s) {
  return s.kind.starts_with("gemma");
}

// Which blocks slide: by their list of types, else by `slides`.
template <class Slides>
void read_windows(const JsonObject& config, int64_t window, const Slides& slides, Settings& s) {
  const auto types = config.get<std::vector<std::string>>("layer_types", {});
  if (!types.empty() && static_cast<int64_t>(types.size()) != s.depth) {
    throw ModelError("decoder", "{}: layer_types has {} entries for {} layers.", config.file(), types.size(), s.depth);
  }
  for (int64_t k = 0; k < s.depth; ++k) {
    if (types.empty()) {
      s.slides[static_cast<size_t>(k)] = window > 0 && slides(k);
      continue;
    }
    const auto& type = types[static_cast<size_t>(k)];
    if (type != "sliding_attention" && type != "full_attention") {
      throw ModelError("decoder", "{}: layer_types[{}] = \"{}\": expected full_attention or sliding_attention.",
                       config.file(), k, type);
    }
    s.slides[static_cast<size_t>(k)] = type == "sliding_attention";
  }
  const bool any = std::find(s.slides.begin(), s.slides.end(), true) != s.slides.end();
  if (any && window < 1)
    throw ModelError("decoder", "{}: layers of sliding_attention, but no sliding_window.", config.file());
  s.window = any ? window : 0;
}

void read_optional_window(const JsonObject& config, int64_t from_layer, Settings& s) {
  const auto window = config.get("sliding_window", int64_t{0});
  const bool used = config.get("use_sliding_window", false);
  read_windows(
      config, used ? window : 0, [&](int64_t k) { return k >= from_layer; }, s);
}

// transformers takes 4096 where the key is missing; null means none.
void read_mistral(const JsonObject& config, Settings& s) {
  const auto window = config.get("sliding_window", int64_t{config.value().contains("sliding_window") ? 0 : 4096});
  read_windows(
      config, window, [](int64_t) { return true; }, s);
}

void read_smollm3(const JsonObject& config, Settings& s) {
  const auto interval = config.get("no_rope_layer_interval", int64_t{4});
  const auto listed = config.get<std::vector<int64_t>>("no_rope_layers", {});
  if (!listed.empty() && static_cast<int64_t>(listed.size()) != s.depth) {
    throw ModelError("decoder", "{}: no_rope_layers has {} entries for {} layers.", config.file(), listed.size(),
                     s.depth);
  }
  for (int64_t k = 0; k < s.depth; ++k)
    s.turns[static_cast<size_t>(k)] = listed.empty() ? (k + 1) % interval != 0 : listed[static_cast<size_t>(k)] != 0;
  read_optional_window(config, 0, s);
}

void read_gemma(const JsonObject& config, Settings& s) {
  const bool third = s.kind == "gemma3_text";
  s.norm_offset = 1;
  s.post_norms = true;
  s.head_norms = third;
  s.embedding_scale = std::sqrt(static_cast<double>(s.width));
  s.score_scale = 1 / std::sqrt(config.get("query_pre_attn_scalar", 256.0));
  const auto cap = [&](const char* key, double missing) {
    return config.get(key, config.value().contains(key) ? 0.0 : missing);
  };
  s.score_cap = cap("attn_logit_softcapping", third ? 0.0 : 50.0);
  s.logit_cap = cap("final_logit_softcapping", third ? 0.0 : 30.0);
  config.expect("use_bidirectional_attention", {false}, "graft's decoders read from left to right.");
  const auto pattern = config.get("_sliding_window_pattern", config.get("sliding_window_pattern", int64_t{6}));
  read_windows(
      config, config.get("sliding_window", int64_t{4096}),
      [&](int64_t k) { return third ? (k + 1) % pattern != 0 : k % 2 == 0; }, s);
}

void read_special_ids(const JsonObject& config, Settings& s) {
  s.begin = config.find<int64_t>("bos_token_id");
  const auto& end = config.raw("eos_token_id");
  if (end.is_array()) {
    s.ends = config.get<std::vector<int64_t>>("eos_token_id", {});
  } else if (const auto one = config.find<int64_t>("eos_token_id")) {
    s.ends = {*one};
  }
}

void read_sizes(const JsonObject& config, Settings& s) {
  s.width = config.need<int64_t>("hidden_size");
  s.depth = config.need<int64_t>("num_hidden_layers");
  s.hidden = config.need<int64_t>("intermediate_size");
  s.vocabulary = config.need<int64_t>("vocab_size");
  s.context_length = config.need<int64_t>("max_position_embeddings");
  s.heads = config.need<int64_t>("num_attention_heads");
  s.key_heads = config.get("num_key_value_heads", s.heads);
  const bool of_128 = s.kind == "qwen3";
  const bool of_256 = is_gemma(s);
  const auto own = s.heads > 0 ? s.width / s.heads : 0;
  s.head_width = config.get("head_dim", of_128 ? int64_t{128} : of_256 ? int64_t{256} : own);
}

}  // namespace

bool is_decoder(const JsonObject& config) {
  const auto& type = config.raw("model_type");
  for (const auto& kind : kKinds) {
    if (type.is_string() && type.get<std::string>() == kind.type) return true;
  }
  return false;
}

std::string family_of(const Settings& settings) {
  for (const auto& kind : kKinds) {
    if (settings.kind == kind.type) return kind.name;
  }
  throw InternalError("decoder", "a decoder without a name: {}", settings.kind);
}

void check(const Settings& s, const std::string& where) {
  const auto expect = [&](bool holds, const std::string& what) {
    if (!holds) throw ModelError("decoder", "{}: {}.", where, what);
  };
  for (const auto& [name, size] :
       {std::pair("hidden_size", s.width), std::pair("num_hidden_layers", s.depth),
        std::pair("intermediate_size", s.hidden), std::pair("vocab_size", s.vocabulary),
        std::pair("max_position_embeddings", s.context_length), std::pair("num_attention_heads", s.heads),
        std::pair("num_key_value_heads", s.key_heads), std::pair("head_dim", s.head_width)}) {
    expect(size >= 1 && size <= (int64_t{1} << 31), fmt::format("{} = {}: expected 1 or more", name, size));
  }
  expect(s.depth <= 100'000, fmt::format("{} layers: expected at most 100000", s.depth));
  expect(s.heads % s.key_heads == 0,
         fmt::format("{} heads of keys do not divide {} heads of queries", s.key_heads, s.heads));
  expect(s.head_width % 2 == 0, fmt::format("heads of width {}: expected an even number", s.head_width));
  expect(s.eps > 0 && s.eps < 1, fmt::format("eps of the norms = {}: expected a small positive number", s.eps));
  expect(s.score_scale >= 0 && std::isfinite(s.score_scale),
         fmt::format("scores are multiplied by {}: expected a positive number", s.score_scale));
}

Settings settings_of(const JsonObject& config) {
  Settings s;
  s.kind = config.need<std::string>("model_type");
  if (!is_decoder(config))
    throw ModelError("decoder", "{}: model_type = \"{}\", which graft does not know.", config.file(), s.kind);
  read_sizes(config, s);
  const bool gemma = is_gemma(s);
  s.eps = config.get("rms_norm_eps", 1e-6);
  const char* const key = gemma ? "hidden_activation" : "hidden_act";
  if (config.has(key)) {
    s.activation = transformers_activation(config, key);
  } else {
    s.activation = gemma ? tensor::Activation::gelu_tanh : tensor::Activation::silu;
  }
  if (gemma) config.ignore({"hidden_act"});  // as transformers does
  s.tied = config.get("tie_word_embeddings", gemma || s.kind == "smollm3");
  check(s, config.file());
  s.slides.assign(static_cast<size_t>(s.depth), false);
  s.turns.assign(static_cast<size_t>(s.depth), true);
  if (s.kind == "qwen2") {
    s.qkv_bias = true;
  } else if (s.kind != "mistral") {
    s.qkv_bias = s.proj_bias = config.get("attention_bias", false);
  }
  if (s.kind == "llama" || s.kind == "smollm3") s.mlp_bias = config.get("mlp_bias", false);
  if (s.kind == "qwen3") s.head_norms = true;
  if (s.kind == "mistral") read_mistral(config, s);
  if (s.kind == "qwen2" || s.kind == "qwen3")
    read_optional_window(config, config.get("max_window_layers", int64_t{28}), s);
  if (s.kind == "smollm3") read_smollm3(config, s);
  if (gemma) read_gemma(config, s);
  read_rotary(config, s);
  if (const auto& scaling = s.rotary.scaling(); scaling.kind == nn::RotaryScaling::Kind::dynamic)
    s.context_length = static_cast<int64_t>(static_cast<double>(s.context_length) * std::max(scaling.factor, 1.0));
  read_special_ids(config, s);
  ignore_transformers_keys(config);
  // About training on several machines, and about caches of transformers'.
  config.ignore({"pretraining_tp", "pad_token_id", "unk_token_id", "cache_implementation", "rope_interleaved",
                 "is_llama_config", "transformers.js_config"});
  config.expect("is_encoder_decoder", {false});
  config.expect("add_cross_attention", {false});
  config.refuse_unread("decoder", kWayOn);
  check(s, config.file());
  return s;
}

nlohmann::json to_config(const Settings& s) {
  nlohmann::json config = {{"model_type", s.kind},           {"hidden_size", s.width},
                           {"num_hidden_layers", s.depth},   {"intermediate_size", s.hidden},
                           {"vocab_size", s.vocabulary},     {"max_position_embeddings", s.context_length},
                           {"num_attention_heads", s.heads}, {"num_key_value_heads", s.key_heads},
                           {"head_dim", s.head_width},       {"rms_norm_eps", s.eps},
                           {"tie_word_embeddings", s.tied}};
  if (s.rotary.scaling().kind == nn::RotaryScaling::Kind::dynamic)
    config["max_position_embeddings"] = std::llround(s.rotary.scaling().original);
  const bool gemma = is_gemma(s), third = s.kind == "gemma3_text";
  const auto activation = s.activation == tensor::Activation::gelu_tanh ? std::string("gelu_pytorch_tanh")
                                                                        : std::string(tensor::to_string(s.activation));
  config[gemma ? "hidden_activation" : "hidden_act"] = activation;
  if (third) {
    config["rope_parameters"] = {{"full_attention", rotary_parameters(s.rotary)},
                                 {"sliding_attention", rotary_parameters(s.sliding_rotary)}};
  } else {
    config["rope_parameters"] = rotary_parameters(s.rotary);
  }
  if (s.kind != "qwen2" && s.kind != "mistral") config["attention_bias"] = s.qkv_bias;
  if (s.kind == "llama" || s.kind == "smollm3") config["mlp_bias"] = s.mlp_bias;
  const auto window = s.window > 0 ? nlohmann::json(s.window) : nlohmann::json();
  if (s.kind != "llama") config["sliding_window"] = window;
  if (s.kind != "llama" && s.kind != "mistral") {
    config["layer_types"] = nlohmann::json::array();
    for (const bool slides : s.slides)
      config["layer_types"].push_back(slides ? "sliding_attention" : "full_attention");
    if (!gemma) config["use_sliding_window"] = s.window > 0;
  }
  if (s.kind == "smollm3") {
    config["no_rope_layers"] = nlohmann::json::array();
    for (const bool turns : s.turns)
      config["no_rope_layers"].push_back(turns ? 1 : 0);
  }
  if (gemma) {
    config["query_pre_attn_scalar"] = 1 / (s.score_scale * s.score_scale);
    config["attn_logit_softcapping"] = s.score_cap == 0 ? nlohmann::json() : nlohmann::json(s.score_cap);
    config["final_logit_softcapping"] = s.logit_cap == 0 ? nlohmann::json() : nlohmann::json(s.logit_cap);
    if (s.window == 0) config["sliding_window"] = s.context_length;
  }
  config["bos_token_id"] = s.begin ? nlohmann::json(*s.begin) : nlohmann::json();
  config["eos_token_id"] = s.ends.size() == 1 ? nlohmann::json(s.ends.front()) : nlohmann::json(s.ends);
  if (s.ends.empty()) config["eos_token_id"] = nullptr;
  config["pad_token_id"] = nullptr;
  return config;
}

}  // namespace graft::models::decoder
