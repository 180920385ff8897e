#include "graft/io/gguf_writer.h"

#include <array>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"

namespace graft::io {
namespace {

constexpr std::size_t kFileAlignment = 32;

template <class T>
void append(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_text(std::string& to, std::string_view text) {
  append(to, static_cast<std::uint64_t>(text.size()));
  to += text;
}

std::uint32_t number_of(GgufKind kind) {
  return static_cast<std::uint32_t>(kind);
}

template <class T>
void append_list(std::string& to, GgufKind kind, const std::vector<T>& values) {
  append(to, number_of(kind));
  append(to, static_cast<std::uint64_t>(values.size()));
  for (const auto& value : values) {
    if constexpr (std::is_same_v<T, std::string>) {
      append_text(to, value);
    } else {
      append(to, value);
    }
  }
}

std::size_t padded_to(std::size_t bytes) {
  return (bytes + kFileAlignment - 1) / kFileAlignment * kFileAlignment;
}

}  // namespace

void GgufWriter::begin(std::string_view key, std::uint32_t kind) {
  append_text(entries_, key);
  append(entries_, kind);
  ++count_;
}

void GgufWriter::put(std::string_view key, std::string_view text) {
  begin(key, number_of(GgufKind::text));
  append_text(entries_, text);
}
void GgufWriter::put(std::string_view key, std::uint32_t value) {
  begin(key, number_of(GgufKind::u32));
  append(entries_, value);
}
void GgufWriter::put(std::string_view key, float value) {
  begin(key, number_of(GgufKind::f32));
  append(entries_, value);
}
void GgufWriter::put(std::string_view key, bool value) {
  begin(key, number_of(GgufKind::boolean));
  append(entries_, static_cast<std::uint8_t>(value ? 1 : 0));
}
void GgufWriter::put(std::string_view key, const std::vector<std::string>& texts) {
  begin(key, number_of(GgufKind::list));
  append_list(entries_, GgufKind::text, texts);
}
void GgufWriter::put(std::string_view key, const std::vector<float>& values) {
  begin(key, number_of(GgufKind::list));
  append_list(entries_, GgufKind::f32, values);
}
void GgufWriter::put(std::string_view key, const std::vector<std::int32_t>& values) {
  begin(key, number_of(GgufKind::list));
  append_list(entries_, GgufKind::i32, values);
}
void GgufWriter::put(std::string_view key, const std::vector<std::uint32_t>& values) {
  begin(key, number_of(GgufKind::list));
  append_list(entries_, GgufKind::u32, values);
}
void GgufWriter::put(std::string_view key, const GgufValue& value) {
  begin(key, number_of(value.is_list ? GgufKind::list : value.kind));
  if (value.is_list) {
    append(entries_, number_of(value.kind));
    append(entries_, value.count);
  }
  entries_.append(reinterpret_cast<const char*>(value.data.data()), value.data.size());
}

std::size_t GgufWriter::Tensor::count() const {
  std::size_t all = 1;
  for (const auto size : shape)
    all *= static_cast<std::size_t>(size);
  return all;
}

std::size_t GgufWriter::Tensor::bytes() const {
  const auto& format = format_of(type);
  return count() / format.numbers * format.bytes;
}

void GgufWriter::add(std::string name, GgmlType type, std::vector<std::int64_t> shape,
                     std::function<std::vector<float>()> numbers) {
  GRAFT_ASSERT(!shape.empty() && static_cast<std::size_t>(shape.back()) % format_of(type).numbers == 0);
  tensors_.push_back({std::move(name), type, std::move(shape), std::move(numbers)});
}

std::string GgufWriter::header() const {
  std::string all = "GGUF";
  append(all, std::uint32_t{3});
  append(all, static_cast<std::uint64_t>(tensors_.size()));
  append(all, count_);
  all += entries_;
  std::uint64_t offset = 0;
  for (const auto& tensor : tensors_) {
    append_text(all, tensor.name);
    append(all, static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto size = tensor.shape.rbegin(); size != tensor.shape.rend(); ++size)
      append(all, static_cast<std::uint64_t>(*size));
    append(all, static_cast<std::uint32_t>(tensor.type));
    append(all, offset);
    offset += padded_to(tensor.bytes());
  }
  all.resize(padded_to(all.size()));
  return all;
}

void GgufWriter::write(const std::filesystem::path& path) const {
  AtomicFile file(path);
  file.write(header());
  for (const auto& tensor : tensors_) {
    const auto numbers = tensor.numbers();
    GRAFT_ASSERT(numbers.size() == tensor.count());
    std::vector<std::byte> bytes(padded_to(tensor.bytes()));
    quantise(tensor.type, numbers, std::span(bytes).first(tensor.bytes()));
    file.write(bytes);
  }
  file.commit();
}

}  // namespace graft::io
