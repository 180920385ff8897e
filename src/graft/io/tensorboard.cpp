#include "graft/io/tensorboard.h"

#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>

#include "graft/core/error.h"

namespace graft::io {
namespace {

// Protocol buffers, by hand: a field is its number and wire type, then a varint, a fixed width, or a length and bytes.
// The numbers are those of tensorflow/core/util/event.proto and framework/summary.proto.
enum class Wire { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

class Message {
 public:
  Message& varint(int field, std::uint64_t value) {
    key(field, Wire::varint);
    put_varint(value);
    return *this;
  }
  Message& real64(int field, double value) {
    key(field, Wire::fixed64);
    put(std::bit_cast<std::uint64_t>(value));
    return *this;
  }
  Message& real32(int field, float value) {
    key(field, Wire::fixed32);
    put(std::bit_cast<std::uint32_t>(value));
    return *this;
  }
  Message& bytes(int field, std::string_view value) {
    key(field, Wire::bytes);
    put_varint(value.size());
    data_ += value;
    return *this;
  }
  const std::string& data() const { return data_; }

 private:
  void key(int field, Wire wire) {
    put_varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(wire));
  }
  void put_varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      data_ += static_cast<char>(value | 0x80);
    data_ += static_cast<char>(value);
  }
  template <class Integer>
  void put(Integer value) {
    data_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  std::string data_;
};

constexpr std::array<std::uint32_t, 256> make_crc32c_table() {
  constexpr std::uint32_t kCastagnoli = 0x82f63b78;  // the polynomial, bits reversed
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ (crc & 1 ? kCastagnoli : 0);
    table[byte] = crc;
  }
  return table;
}

template <class Integer>
std::string_view raw(const Integer& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto kTable = make_crc32c_table();
  std::uint32_t crc = ~std::uint32_t{0};
  for (const char byte : bytes)
    crc = crc >> 8 ^ kTable[(crc ^ static_cast<std::uint8_t>(byte)) & 0xff];
  return ~crc;
}

// Rotated and shifted, so that the checksum of bytes that hold a checksum stays a good one.
std::uint32_t masked_crc32c(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xa282ead8;
}

TensorboardWriter::TensorboardWriter(const std::filesystem::path& folder, double wall_time) {
  const auto seconds = static_cast<std::int64_t>(std::floor(wall_time));
  // TensorBoard reads the files of a folder in the order of their names. "x": fails if the file exists.
  for (int attempt = 0; file_ == nullptr && attempt < 1000; ++attempt) {
    path_ = folder / fmt::format("events.out.tfevents.{:010}.graft.{}", seconds, attempt);
    file_.reset(std::fopen(path_.c_str(), "wbx"));
    if (file_ == nullptr && errno != EEXIST) break;
  }
  if (file_ == nullptr)
    throw FileError("tensorboard", "{} cannot be created: {}.", path_.string(), std::strerror(errno));
  record(Message().real64(1, wall_time).bytes(3, "brain.Event:2").data());
  flush();
}

void TensorboardWriter::scalar(std::string_view tag, std::int64_t step, float value, double wall_time) {
  const auto summary = Message().bytes(1, Message().bytes(1, tag).real32(2, value).data());
  record(Message().real64(1, wall_time).varint(2, static_cast<std::uint64_t>(step)).bytes(5, summary.data()).data());
}

void TensorboardWriter::record(std::string_view bytes) {
  const std::uint64_t length = bytes.size();
  const std::uint32_t length_crc = masked_crc32c(raw(length)), crc = masked_crc32c(bytes);
  for (const auto part : {raw(length), raw(length_crc), bytes, raw(crc)}) {
    if (std::fwrite(part.data(), 1, part.size(), file_.get()) != part.size()) {
      throw FileError("tensorboard", "{} cannot be written: {}.", path_.string(), std::strerror(errno));
    }
  }
}

void TensorboardWriter::flush() {
  if (std::fflush(file_.get()) != 0) {
    throw FileError("tensorboard", "{} cannot be written: {}.", path_.string(), std::strerror(errno));
  }
}

}  // namespace graft::io
