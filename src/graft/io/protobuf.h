// Protocol Buffers' wire format (protobuf.dev, "Encoding"): a message is fields, each a number, a wire type and a
// value. What a field means is the caller's; here nothing is read beyond the bytes that are there, and a value of
// another wire type than was asked for is refused by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace graft::io {

// The fields of one message, in the order in which they lie. All errors are FileErrors that name the file and the
// message.
class ProtobufMessage {
 public:
  // `kind` is the message's type in its schema ("NodeProto"), `file` stands in errors; both outlive it.
  ProtobufMessage(std::span<const std::byte> bytes, std::string_view kind, std::string_view file)
      : rest_(bytes), kind_(kind), file_(file) {}

  bool next();  // to the next field; false behind the last
  std::uint32_t field() const { return field_; }

  // The field's value.
  std::int64_t integer() const;
  float real() const;
  std::string text() const;
  std::span<const std::byte> bytes() const;
  ProtobufMessage message(std::string_view kind) const { return {bytes(), kind, file_}; }
  // The values of a repeated field, packed or one by one, behind those that are there.
  void add_integers(std::vector<std::int64_t>& values) const;
  void add_reals(std::vector<float>& values) const;
  void add_reals(std::vector<double>& values) const;

  std::string_view file() const { return file_; }
  std::string_view kind() const { return kind_; }
  [[noreturn]] void refuse_field() const;  // one that the caller does not know

 private:
  enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

  void need(Wire wire) const;
  std::uint64_t take_varint(std::span<const std::byte>& bytes) const;
  std::uint64_t take_fixed(std::size_t width);
  [[noreturn]] void refuse_cut() const;

  std::span<const std::byte> rest_;
  std::string_view kind_, file_;
  std::uint32_t field_ = 0;
  Wire wire_ = Wire::varint;
  std::uint64_t number_ = 0;          // of a varint, or the bits of a fixed one
  std::span<const std::byte> bytes_;  // of Wire::bytes
};

}  // namespace graft::io
