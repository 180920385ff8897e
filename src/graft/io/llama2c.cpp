#include "graft/io/llama2c.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>

#include "graft/core/error.h"

namespace graft::io {
namespace {

constexpr std::uint32_t kMagic1 = 0x616b3432;  // "ak42"
constexpr std::size_t kHeader0 = 28, kHeader1 = 256;
constexpr std::int64_t kMostSize = 1 << 24, kMostLayers = 1000;  // so that no product overflows

struct Shape {
  int version = 0;
  std::int64_t dim, hidden, layers, heads, key_heads, vocabulary, length;
  bool tied = true;
  std::int64_t head() const { return dim / heads; }
  std::int64_t keys() const { return key_heads * head(); }
};

template <class T>
T load_at(std::span<const std::byte> bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

std::optional<Shape> read_shape(std::span<const std::byte> bytes) {
  if (bytes.size() < kHeader0) return {};
  Shape s{};
  const bool first =
      bytes.size() >= kHeader1 && load_at<std::uint32_t>(bytes, 0) == kMagic1 && load_at<std::int32_t>(bytes, 4) == 1;
  s.version = first ? 1 : 0;
  const std::size_t begin = first ? 8 : 0;
  std::int64_t* const numbers[] = {&s.dim, &s.hidden, &s.layers, &s.heads, &s.key_heads, &s.vocabulary, &s.length};
  for (std::size_t i = 0; i < 7; ++i)
    *numbers[i] = load_at<std::int32_t>(bytes, begin + 4 * i);
  s.tied = first ? load_at<std::uint8_t>(bytes, begin + 28) != 0 : s.vocabulary > 0;
  if (s.vocabulary < 0) s.vocabulary = -s.vocabulary;
  for (const auto* number : numbers) {
    if (*number < 1 || *number > kMostSize) return {};
  }
  if (s.layers > kMostLayers || s.dim % s.heads != 0 || s.heads % s.key_heads != 0 || s.head() % 2 != 0) return {};
  return s;
}

struct Piece {
  std::string name;
  std::vector<std::int64_t> shape;  // empty: numbers that are not used
  std::int64_t count;
};

// In the order in which they lie.
std::vector<Piece> pieces_of(const Shape& s) {
  std::vector<Piece> all;
  const auto matrix = [&](const std::string& name, std::int64_t out, std::int64_t in) {
    all.push_back({name, {out, in}, out * in});
  };
  const auto of_layers = [&](const char* name, std::int64_t out, std::int64_t in) {
    for (std::int64_t k = 0; k < s.layers; ++k) {
      const auto full = fmt::format("layers.{}.{}.weight", k, name);
      if (in == 0) {
        all.push_back({full, {out}, out});
      } else {
        matrix(full, out, in);
      }
    }
  };
  const auto last_norm = [&] { all.push_back({"norm.weight", {s.dim}, s.dim}); };
  const bool first = s.version == 1;
  if (first) {
    of_layers("attention_norm", s.dim, 0);
    of_layers("ffn_norm", s.dim, 0);
    last_norm();
  }
  matrix("tok_embeddings.weight", s.vocabulary, s.dim);
  if (!first) of_layers("attention_norm", s.dim, 0);
  of_layers("attention.wq", s.dim, s.dim);
  of_layers("attention.wk", s.keys(), s.dim);
  of_layers("attention.wv", s.keys(), s.dim);
  of_layers("attention.wo", s.dim, s.dim);
  if (!first) of_layers("ffn_norm", s.dim, 0);
  of_layers("feed_forward.w1", s.hidden, s.dim);
  of_layers("feed_forward.w2", s.dim, s.hidden);
  of_layers("feed_forward.w3", s.hidden, s.dim);
  if (!first) {
    last_norm();
    all.push_back({"cosines and sines", {}, s.length * s.head()});
  }
  if (!s.tied) matrix("output.weight", s.vocabulary, s.dim);
  return all;
}

}  // namespace

bool is_llama2c(std::span<const std::byte> bytes) {
  const auto shape = read_shape(bytes);
  if (!shape) return false;
  // float32 numbers that are there; a sum over layers of products below 2^48 stays below 2^63.
  std::uint64_t need = shape->version == 1 ? kHeader1 : kHeader0;
  for (const auto& piece : pieces_of(*shape))
    need += static_cast<std::uint64_t>(piece.count) * sizeof(float);
  return need == bytes.size();
}

Weights read_llama2c(std::span<const std::byte> bytes, std::shared_ptr<const void> owner, std::string_view name) {
  if (!is_llama2c(bytes)) throw FileError("weights", "{}: no model of llama2.c's.", name);
  const auto s = *read_shape(bytes);
  TensorMap tensors;
  auto rest = bytes.subspan(s.version == 1 ? kHeader1 : kHeader0);
  for (const auto& piece : pieces_of(s)) {
    const auto size = static_cast<std::size_t>(piece.count) * sizeof(float);
    if (!piece.shape.empty()) tensors[piece.name] = {Dtype::f32, piece.shape, rest.data(), size, owner};
    rest = rest.subspan(size);
  }
  Metadata metadata{{"llama2.c", std::to_string(s.version)}};
  for (const auto& [key, value] :
       {std::pair("dim", s.dim), std::pair("hidden_dim", s.hidden), std::pair("n_layers", s.layers),
        std::pair("n_heads", s.heads), std::pair("n_kv_heads", s.key_heads), std::pair("vocab_size", s.vocabulary),
        std::pair("max_seq_len", s.length)})
    metadata[key] = std::to_string(value);
  return Weights(std::string(name), std::move(tensors), std::move(metadata));
}

}  // namespace graft::io
