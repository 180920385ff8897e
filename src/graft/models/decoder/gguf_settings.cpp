#include "graft/models/decoder/gguf_settings.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "graft/core/error.h"
#include "graft/models/decoder/foreign_layouts.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::decoder {
namespace {

using Kind = nn::RotaryScaling::Kind;

struct Architecture {
  const char* name;
  const char* kind;  // transformers' model_type
  bool neighbours;   // q and k are turned by neighbouring entries
};
constexpr Architecture kArchitectures[] = {{"llama", "llama", true},    {"qwen2", "qwen2", false},
                                           {"qwen3", "qwen3", false},   {"smollm3", "smollm3", true},
                                           {"gemma2", "gemma2", false}, {"gemma3", "gemma3_text", false}};

const Architecture* find_architecture(std::string_view name) {
  for (const auto& each : kArchitectures) {
    if (name == each.name) return &each;
  }
  return nullptr;
}

// The metadata below "llama.", with a record of what was asked for.
class Said {
 public:
  Said(const io::GgufFile& file, std::string architecture)
      : file_(file.name()), said_(file.metadata()), prefix_(std::move(architecture) + ".") {}

  std::string full(const std::string& key) {
    asked_.insert(prefix_ + key);
    return prefix_ + key;
  }
  std::optional<int64_t> integer(const std::string& key) { return said_.integer(full(key)); }
  std::optional<double> number(const std::string& key) { return said_.number(full(key)); }
  std::optional<std::string_view> text(const std::string& key) { return said_.text(full(key)); }
  int64_t need(const std::string& key) {
    const auto value = integer(key);
    if (!value) said_.refuse(full(key), "an integer");
    return *value;
  }
  // One number, or one a layer where they are all the same.
  std::optional<int64_t> one_for_all(const std::string& key) {
    if (!said_.is_list(full(key))) return integer(key);
    const auto all = said_.integers(full(key));
    if (all.empty() || std::any_of(all.begin(), all.end(), [&](int64_t each) { return each != all.front(); })) {
      throw ModelError("decoder", "{}: metadata '{}' differs between layers ([{}]), which graft does not build.", file_,
                       full(key), fmt::join(all, ", "));
    }
    return all.front();
  }
  void expect(const std::string& key, std::initializer_list<int64_t> understood) {
    const auto value = integer(key);
    if (value && std::find(understood.begin(), understood.end(), *value) == understood.end())
      throw ModelError("decoder", "{}: metadata '{}' = {}: expected {}.", file_, full(key), *value,
                       fmt::join(understood, " or "));
  }
  void ignore(std::initializer_list<const char*> keys) {
    for (const auto* key : keys)
      full(key);
  }
  void refuse_unread() const {
    std::vector<std::string> left;
    for (const auto& key : said_.keys()) {
      if (key.starts_with(prefix_) && !asked_.contains(key)) left.push_back(key);
    }
    if (left.empty()) return;
    throw ModelError("decoder",
                     "{}: its metadata has {}, which graft does not know. What it computes would not be the model's "
                     "own, so nothing was loaded.",
                     file_, fmt::join(left, ", "));
  }
  const io::GgufMetadata& all() const { return said_; }
  const std::string& file() const { return file_; }

 private:
  std::string file_;
  const io::GgufMetadata& said_;
  std::string prefix_;
  std::set<std::string> asked_;
};

nn::RotaryScaling scaling_of(Said& said, int64_t context) {
  nn::RotaryScaling s;
  const auto kind = std::string(said.text("rope.scaling.type").value_or(""));
  s.factor = said.number("rope.scaling.factor").value_or(said.number("rope.scale_linear").value_or(1));
  s.original = said.number("rope.scaling.original_context_length").value_or(static_cast<double>(context));
  s.beta_fast = said.number("rope.scaling.yarn_beta_fast").value_or(32);
  s.beta_slow = said.number("rope.scaling.yarn_beta_slow").value_or(1);
  s.attention = said.number("rope.scaling.attn_factor").value_or(1) * nn::yarn_attention(s.factor);
  said.ignore({"rope.scaling.finetuned"});
  if (kind == "yarn") {
    s.kind = Kind::yarn;
  } else if (kind == "linear" || (kind.empty() && s.factor != 1)) {
    s.kind = Kind::linear;
  } else if (!kind.empty() && kind != "none") {
    throw ModelError("decoder", "{}: rope.scaling.type = \"{}\": expected none, linear or yarn.", said.file(), kind);
  }
  if (!(s.factor > 0) || !(s.original > 0))
    throw ModelError("decoder", "{}: rope.scaling.factor = {} of {} positions: expected positive numbers.", said.file(),
                     s.factor, s.original);
  return s;
}

// Llama 3's scaling comes as numbers that each angle is divided by.
at::Tensor divisors_of(const io::GgufFile& file, int64_t head_width) {
  const auto found = file.tensors().find("rope_freqs.weight");
  if (found == file.tensors().end()) return {};
  const auto& stored = found->second;
  if (stored.shape != std::vector<int64_t>{head_width / 2} || stored.type != io::GgmlType::f32)
    throw ModelError("decoder", "{}: rope_freqs.weight: expected [{}] of F32, got [{}] of {}.", file.name(),
                     head_width / 2, fmt::join(stored.shape, ", "), io::format_of(stored.type).name);
  auto divisors = at::empty(stored.shape, tensor::on_cpu());
  io::dequantise(stored.type, stored.data, {divisors.mutable_data_ptr<float>(), static_cast<size_t>(head_width / 2)});
  if (!divisors.gt(0).all().item<bool>())
    throw ModelError("decoder", "{}: rope_freqs.weight: expected positive numbers.", file.name());
  return divisors;
}

void read_sizes(Said& said, const io::GgufFile& file, Settings& s) {
  s.width = said.need("embedding_length");
  s.depth = said.need("block_count");
  s.context_length = said.need("context_length");
  s.hidden = said.one_for_all("feed_forward_length").value_or(0);
  s.heads = said.one_for_all("attention.head_count").value_or(0);
  s.key_heads = said.one_for_all("attention.head_count_kv").value_or(s.heads);
  s.head_width = said.integer("attention.key_length").value_or(s.heads > 0 ? s.width / s.heads : 0);
  said.expect("attention.value_length", {s.head_width});
  said.expect("rope.dimension_count", {s.head_width});
  said.expect("expert_count", {0});
  said.expect("expert_used_count", {0});
  if (const auto causal = said.all().flag(said.full("attention.causal")); causal == false)
    throw ModelError("decoder", "{}: attention.causal = false: graft's decoders read from left to right.", said.file());
  s.eps = said.number("attention.layer_norm_rms_epsilon").value_or(1e-6);
  const auto words = file.tensors().find("token_embd.weight");
  if (words == file.tensors().end() || words->second.shape.size() != 2)
    throw ModelError("decoder", "{}: no token_embd.weight of two dimensions among its {} tensors.", file.name(),
                     file.tensors().size());
  s.vocabulary = words->second.shape[0];
  said.expect("vocab_size", {s.vocabulary});
}

void read_gemma(Said& said, Settings& s) {
  const bool third = s.kind == "gemma3_text";
  s.activation = tensor::Activation::gelu_tanh;
  s.norm_offset = 1;
  s.post_norms = true;
  s.head_norms = third;
  s.embedding_scale = std::sqrt(static_cast<double>(s.width));
  // Of the 27B alone queries are scaled by the width over the heads; the file does not say it.
  const bool largest = s.depth == (third ? 62 : 46);
  s.score_scale = 1 / std::sqrt(static_cast<double>(largest ? s.width / s.heads : s.head_width));
  s.score_cap = said.number("attn_logit_softcapping").value_or(third ? 0 : 50);
  s.logit_cap = said.number("final_logit_softcapping").value_or(third ? 0 : 30);
  s.window = said.integer("attention.sliding_window").value_or(third ? 0 : 4096);
  const auto key = said.full("attention.sliding_window_pattern");
  if (said.all().is_list(key)) {
    s.slides = said.all().flags(key);
    if (static_cast<int64_t>(s.slides.size()) != s.depth)
      throw ModelError("decoder", "{}: metadata '{}' has {} entries for {} layers.", said.file(), key, s.slides.size(),
                       s.depth);
  } else {
    const auto pattern = std::max<int64_t>(said.all().integer(key).value_or(third ? 6 : 2), 1);
    for (int64_t k = 0; k < s.depth; ++k)
      s.slides[static_cast<size_t>(k)] = (k + 1) % pattern != 0;
  }
  if (s.window < 1) {
    s.slides.assign(static_cast<size_t>(s.depth), false);
    s.window = 0;
  }
}

void read_rotary(Said& said, const io::GgufFile& file, Settings& s) {
  const auto base = said.number("rope.freq_base").value_or(1e4),
             local = said.number("rope.freq_base_swa").value_or(1e4);
  if (!(base > 1) || !(local > 1))
    throw ModelError("decoder", "{}: rope.freq_base = {}: expected a number above 1.", said.file(),
                     std::min(base, local));
  s.rotary = {s.head_width, base, scaling_of(said, s.context_length), divisors_of(file, s.head_width)};
  s.sliding_rotary = s.kind == "gemma3_text" ? nn::Rotary(s.head_width, local) : s.rotary;
}

bool has(const io::GgufFile& file, const char* tensor) {
  return file.tensors().contains(tensor);
}

}  // namespace

bool pairs_neighbours(const std::string& architecture) {
  const auto* found = find_architecture(architecture);
  return found != nullptr && found->neighbours;
}

std::string gguf_architecture(const std::string& kind) {
  if (kind == "mistral") return "llama";
  for (const auto& each : kArchitectures) {
    if (kind == each.kind) return each.name;
  }
  throw InternalError("decoder", "a decoder that GGUF has no name for: {}", kind);
}

Settings settings_of_gguf(const io::GgufFile& file) {
  const auto& all = file.metadata();
  const auto type = all.text("general.type").value_or("model");
  if (type == "adapter")
    throw ModelError("decoder",
                     "{} is an adapter and no model. Name the model that it was made for, and this as its --adapter.",
                     file.name());
  const auto name = std::string(all.text("general.architecture").value_or(""));
  const auto* architecture = find_architecture(name);
  if (architecture == nullptr) {
    std::vector<std::string> known;
    for (const auto& each : kArchitectures)
      known.push_back(each.name);
    throw ModelError("decoder", "{}: general.architecture = \"{}\"{}: graft reads {}.", file.name(), name,
                     name == "clip" ? " (the part of a model that sees; the text model lies in another file)" : "",
                     fmt::join(known, ", "));
  }
  Said said(file, name);
  Settings s;
  s.kind = architecture->kind;
  read_sizes(said, file, s);
  check(s, file.name());
  s.slides.assign(static_cast<size_t>(s.depth), false);
  s.turns.assign(static_cast<size_t>(s.depth), true);
  s.tied = !has(file, "output.weight");
  s.qkv_bias = has(file, "blk.0.attn_q.bias");
  s.proj_bias = has(file, "blk.0.attn_output.bias");
  s.mlp_bias = has(file, "blk.0.ffn_down.bias");
  if (s.kind == "qwen3") s.head_norms = true;
  if (s.kind == "smollm3") {
    for (int64_t k = 0; k < s.depth; ++k)
      s.turns[static_cast<size_t>(k)] = (k + 1) % 4 != 0;
  }
  if (s.kind.starts_with("gemma")) read_gemma(said, s);
  read_rotary(said, file, s);
  s.begin = all.integer("tokenizer.ggml.bos_token_id");
  if (const auto end = all.integer("tokenizer.ggml.eos_token_id")) s.ends = {*end};
  said.ignore({"attention.layer_norm_epsilon", "tensor_data_layout"});
  said.refuse_unread();
  check(s, file.name());
  return s;
}

}  // namespace graft::models::decoder
