#include "graft/models/decoder/foreign_layouts.h"

#include <ATen/Parallel.h>
#include <torch/types.h>

#include <charconv>
#include <string_view>

#include "graft/core/error.h"
#include "graft/io/mapped_file.h"
#include "graft/models/checkpoint.h"
#include "graft/models/decoder/gguf_settings.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::decoder {
namespace {

struct Renaming {
  const char* theirs;
  const char* ours;
};
// Of a block, after "blk.N." and "model.layers.N.".
constexpr Renaming kGgufBlock[] = {{"attn_norm", "input_layernorm"},
                                   {"attn_q", "self_attn.q_proj"},
                                   {"attn_k", "self_attn.k_proj"},
                                   {"attn_v", "self_attn.v_proj"},
                                   {"attn_output", "self_attn.o_proj"},
                                   {"attn_q_norm", "self_attn.q_norm"},
                                   {"attn_k_norm", "self_attn.k_norm"},
                                   {"ffn_gate", "mlp.gate_proj"},
                                   {"ffn_up", "mlp.up_proj"},
                                   {"ffn_down", "mlp.down_proj"},
                                   {"post_attention_norm", "post_attention_layernorm"},
                                   {"post_ffw_norm", "post_feedforward_layernorm"}};
constexpr Renaming kMetaBlock[] = {{"attention_norm", "input_layernorm"}, {"attention.wq", "self_attn.q_proj"},
                                   {"attention.wk", "self_attn.k_proj"},  {"attention.wv", "self_attn.v_proj"},
                                   {"attention.wo", "self_attn.o_proj"},  {"ffn_norm", "post_attention_layernorm"},
                                   {"feed_forward.w1", "mlp.gate_proj"},  {"feed_forward.w2", "mlp.down_proj"},
                                   {"feed_forward.w3", "mlp.up_proj"}};

struct Layout {
  std::string block;  // "blk."
  std::vector<Renaming> of_block;
  std::vector<Renaming> outside;
};

// transformers' name; one that is not known stays as it is, and is then told to be left over.
std::string renamed(const std::string& name, const Layout& layout) {
  const auto dot = name.rfind('.');
  const auto module = name.substr(0, dot), ending = dot == name.npos ? "" : name.substr(dot);
  for (const auto& each : layout.outside) {
    if (module == each.theirs) return each.ours + ending;
  }
  if (!module.starts_with(layout.block)) return name;
  const auto rest = module.substr(layout.block.size());
  const auto number = rest.substr(0, rest.find('.'));
  if (number.size() >= rest.size()) return name;
  const auto part = rest.substr(number.size() + 1);
  for (const auto& each : layout.of_block) {
    if (part == each.theirs) return "model.layers." + number + "." + each.ours + ending;
  }
  return name;
}

// The norm before the MLP, which is called by the architecture, comes last: of names that are ours twice it is meant.
Layout gguf_layout(const Settings& s) {
  std::vector<Renaming> of_block(std::begin(kGgufBlock), std::end(kGgufBlock));
  of_block.push_back({"ffn_norm", s.post_norms ? "pre_feedforward_layernorm" : "post_attention_layernorm"});
  return {"blk.",
          std::move(of_block),
          {{"token_embd", "model.embed_tokens"}, {"output_norm", "model.norm"}, {"output", "lm_head"}}};
}

bool is_of_queries(const std::string& name) {
  return name.find("self_attn.q_proj.") != name.npos;
}
bool is_of_keys(const std::string& name) {
  return name.find("self_attn.k_proj.") != name.npos;
}

// Rows of a tensor of blocks, `order` or all, as float32 [rows, width].
at::Tensor rows_as_floats(const io::GgufTensor& tensor, std::span<const int64_t> order, bool all) {
  const auto width = tensor.width(), count = all ? tensor.rows() : static_cast<int64_t>(order.size());
  auto out = at::empty({count, width}, tensor::on_cpu());
  auto* const to = out.mutable_data_ptr<float>();
  at::parallel_for(0, count, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      io::dequantise(tensor.type, tensor.row(all ? i : order[static_cast<size_t>(i)]),
                     {to + i * width, static_cast<size_t>(width)});
  });
  return out;
}

at::Tensor as_index(const std::vector<int64_t>& rows) {
  return at::tensor(rows, tensor::on_cpu(at::kLong));
}

// A matrix as it lies in the file; with its rows in another order, copied. Null for a type that is no block of floats.
std::shared_ptr<const tensor::QuantisedWeight> as_it_lies(const io::GgufTensor& tensor,
                                                          const std::vector<int64_t>& order,
                                                          const std::shared_ptr<const void>& owner) {
  const auto format = io::format_of(tensor.type).blocks;
  if (!format) return nullptr;
  auto blocks = at::from_blob(
      const_cast<std::byte*>(tensor.data.data()), {static_cast<int64_t>(tensor.data.size())}, [owner](void*) {},
      tensor::on_cpu(at::kByte));
  if (!order.empty()) blocks = blocks.view({tensor.rows(), -1}).index_select(0, as_index(order)).view({-1});
  return std::make_shared<const tensor::QuantisedWeight>(
      tensor::quantised(*format, tensor.rows(), tensor.width(), blocks));
}

// A vector of numbers, some at a time: a bias of q.
at::Tensor numbers_as_floats(const io::GgufTensor& tensor) {
  auto out = at::empty(tensor.shape, tensor::on_cpu());
  io::dequantise(tensor.type, tensor.data, {out.mutable_data_ptr<float>(), static_cast<size_t>(out.numel())});
  return out;
}

}  // namespace

std::vector<int64_t> unpaired_rows(int64_t heads, int64_t head_width) {
  std::vector<int64_t> rows;
  for (int64_t h = 0; h < heads; ++h)
    for (int64_t j = 0; j < 2; ++j)
      for (int64_t i = 0; i < head_width / 2; ++i)
        rows.push_back(h * head_width + 2 * i + j);
  return rows;
}

std::vector<int64_t> paired_rows(int64_t heads, int64_t head_width) {
  const auto there = unpaired_rows(heads, head_width);
  std::vector<int64_t> rows(there.size());
  for (size_t here = 0; here < there.size(); ++here)
    rows[static_cast<size_t>(there[here])] = static_cast<int64_t>(here);
  return rows;
}

std::string gguf_name(const std::string& ours, const Settings& settings) {
  const auto layout = gguf_layout(settings);
  const auto name = ours.starts_with("model.") ? ours.substr(6) : ours;
  const auto dot = name.rfind('.');
  const auto module = name.substr(0, dot), ending = dot == name.npos ? "" : name.substr(dot);
  for (const auto& each : layout.outside) {
    if (module == each.ours || "model." + module == each.ours) return each.theirs + ending;
  }
  const std::string before = "layers.";
  const auto number =
      module.starts_with(before) ? module.substr(before.size(), module.find('.', before.size()) - before.size()) : "";
  const auto begin = before.size() + number.size() + 1;
  if (number.empty() || begin >= module.size()) return "";
  for (auto each = layout.of_block.rbegin(); each != layout.of_block.rend(); ++each) {
    if (module.substr(begin) == each->ours) return layout.block + number + "." + each->theirs + ending;
  }
  return "";
}

std::string name_of_gguf(const std::string& theirs, const Settings& settings) {
  const auto name = renamed(theirs, gguf_layout(settings));
  return name == theirs ? "" : name;
}

namespace {

// Which way the rows of q and k go; empty for what lies alike.
std::vector<int64_t> order_of(const std::string& ours, const Settings& s,
                              std::vector<int64_t> (*rows)(int64_t heads, int64_t head_width)) {
  if (!pairs_neighbours(gguf_architecture(s.kind))) return {};
  if (is_of_queries(ours)) return rows(s.heads, s.head_width);
  return is_of_keys(ours) ? rows(s.key_heads, s.head_width) : std::vector<int64_t>{};
}

at::Tensor laid(const std::string& ours, const at::Tensor& value, const std::vector<int64_t>& order, double offset) {
  if (ours.ends_with("norm.weight")) return offset == 0 ? value : value + offset;
  const bool fits = value.dim() > 0 && static_cast<int64_t>(order.size()) == value.size(0);
  return fits ? value.index_select(0, as_index(order)) : value;
}

}  // namespace

at::Tensor as_in_gguf(const std::string& ours, const at::Tensor& value, const Settings& settings) {
  return laid(ours, value, order_of(ours, settings, paired_rows), settings.norm_offset);
}
at::Tensor as_here(const std::string& ours, const at::Tensor& value, const Settings& settings) {
  return laid(ours, value, order_of(ours, settings, unpaired_rows), -settings.norm_offset);
}

ForeignModel of_gguf(const io::GgufFile& file) {
  ForeignModel model{settings_of_gguf(file), {}};
  const auto& s = model.settings;
  const auto architecture = std::string(file.metadata().text("general.architecture").value_or(""));
  const auto layout = gguf_layout(s);
  for (const auto& [theirs, tensor] : file.tensors()) {
    if (theirs == "rope_freqs.weight") continue;  // it is in the settings
    const auto name = renamed(theirs, layout);
    StoredTensor stored{.shape = tensor.shape, .rests = file.file() != nullptr, .name = theirs};
    std::vector<int64_t> order;
    if (pairs_neighbours(architecture) && (is_of_queries(name) || is_of_keys(name)))
      order = unpaired_rows(is_of_queries(name) ? s.heads : s.key_heads, s.head_width);
    // Held beside the numbers: what lies in the file stays mapped.
    const auto keeps = file.owner();
    const auto mapped = file.file();
    if (tensor.shape.size() == 2 && (order.empty() || tensor.rows() == static_cast<int64_t>(order.size()))) {
      stored.numbers = [tensor = tensor, order, keeps, mapped] {
        auto numbers = rows_as_floats(tensor, order, order.empty());
        if (mapped) mapped->give_back(tensor.data);
        return numbers;
      };
      stored.some = [tensor = tensor, keeps](const at::Tensor& rows) {
        const auto flat = rows.to(at::kLong).contiguous().view({-1});
        const std::span wanted(flat.const_data_ptr<int64_t>(), static_cast<size_t>(flat.numel()));
        auto sizes = rows.sizes().vec();
        sizes.push_back(tensor.width());
        return rows_as_floats(tensor, wanted, false).view(sizes);
      };
      if (!order.empty()) stored.some = {};
      stored.quantised = as_it_lies(tensor, order, file.owner());
    } else {
      const bool above_one = s.norm_offset != 0 && name.ends_with("norm.weight");
      const double offset = above_one ? s.norm_offset : 0;
      const bool fits = static_cast<int64_t>(order.size()) == (tensor.shape.empty() ? -1 : tensor.shape[0]);
      stored.numbers = [tensor = tensor, order, fits, offset, keeps] {
        const auto numbers = numbers_as_floats(tensor) - offset;
        return fits ? numbers.index_select(0, as_index(order)) : numbers;
      };
    }
    model.tensors.emplace(name, std::move(stored));
  }
  return model;
}

ForeignModel of_llama2c(const io::Weights& weights) {
  const auto size = [&](const char* key) {
    const auto& text = weights.metadata().at(key);
    int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  };
  ForeignModel model;
  auto& s = model.settings;
  s.kind = "llama";
  s.width = size("dim");
  s.hidden = size("hidden_dim");
  s.depth = size("n_layers");
  s.heads = size("n_heads");
  s.key_heads = size("n_kv_heads");
  s.vocabulary = size("vocab_size");
  s.context_length = size("max_seq_len");
  s.head_width = s.width / s.heads;
  s.eps = 1e-5;
  s.tied = !weights.tensors().contains("output.weight");
  s.slides.assign(static_cast<size_t>(s.depth), false);
  s.turns.assign(static_cast<size_t>(s.depth), true);
  s.rotary = s.sliding_rotary = nn::Rotary(s.head_width, 1e4);
  s.begin = 1;
  s.ends = {2};
  check(s, weights.name());
  const Layout layout{"layers.",
                      {std::begin(kMetaBlock), std::end(kMetaBlock)},
                      {{"tok_embeddings", "model.embed_tokens"}, {"norm", "model.norm"}, {"output", "lm_head"}}};
  for (const auto& [theirs, stored] : stored_in(weights)) {
    const auto name = renamed(theirs, layout);
    auto ours = stored;
    if (is_of_queries(name) || is_of_keys(name)) {
      const auto order = unpaired_rows(is_of_queries(name) ? s.heads : s.key_heads, s.head_width);
      ours.numbers = [numbers = stored.numbers, order] { return numbers().index_select(0, as_index(order)); };
    }
    model.tensors.emplace(name, std::move(ours));
  }
  return model;
}

}  // namespace graft::models::decoder
