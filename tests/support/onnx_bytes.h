// ONNX files by hand, field by field, so that a test may write what no exporter would.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace graft::testing {

inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7)
    bytes.push_back(static_cast<char>(value | 0x80));
  bytes.push_back(static_cast<char>(value));
  return bytes;
}
inline std::string number(std::uint64_t field, std::int64_t value) {
  return varint(field << 3) + varint(static_cast<std::uint64_t>(value));
}
inline std::string bytes(std::uint64_t field, std::string_view value) {
  return varint(field << 3 | 2) + varint(value.size()) + std::string(value);
}

// Inputs and outputs by name; attributes as onnx_integer() makes them.
inline std::string onnx_node(std::string_view type, std::initializer_list<std::string_view> inputs,
                             std::initializer_list<std::string_view> outputs, std::string_view attributes = "") {
  std::string node;
  for (const auto input : inputs)
    node += bytes(1, input);
  for (const auto output : outputs)
    node += bytes(2, output);
  return bytes(1, node + bytes(4, type) + std::string(attributes));
}
inline std::string onnx_integer(std::string_view name, std::int64_t value) {
  return bytes(5, bytes(1, name) + number(3, value) + number(20, 2));
}
inline std::string onnx_text(std::string_view name, std::string_view value) {
  return bytes(5, bytes(1, name) + bytes(4, value) + number(20, 3));
}
inline std::string onnx_integers(std::string_view name, const std::vector<std::int64_t>& values) {
  std::string list;
  for (const auto value : values)
    list += number(8, value);
  return bytes(5, bytes(1, name) + list + number(20, 7));
}
inline std::string onnx_tensor(std::string_view name, const std::vector<std::int64_t>& shape, int type,
                               std::string_view raw) {
  std::string tensor;
  for (const auto length : shape)
    tensor += number(1, length);
  return bytes(5, tensor + number(2, type) + bytes(8, name) + bytes(9, raw));
}
inline std::string onnx_list(std::string_view name, const std::vector<std::int64_t>& values) {
  return onnx_tensor(name, {static_cast<std::int64_t>(values.size())}, 7,
                     {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(std::int64_t)});
}
// float32; a length below 1 is open.
inline std::string onnx_value(std::uint64_t field, std::string_view name, const std::vector<std::int64_t>& shape) {
  std::string lengths;
  for (const auto length : shape)
    lengths += bytes(1, length > 0 ? number(1, length) : bytes(2, "open"));
  return bytes(field, bytes(1, name) + bytes(2, bytes(1, number(1, 1) + bytes(2, lengths))));
}
inline std::string onnx_input(std::string_view name, const std::vector<std::int64_t>& shape) {
  return onnx_value(11, name, shape);
}
inline std::string onnx_output(std::string_view name) {
  return bytes(12, bytes(1, name));
}
inline std::string onnx_model(std::string_view graph, std::int64_t opset = 13) {
  return number(1, 8) + bytes(7, graph) + bytes(8, number(2, opset));
}

}  // namespace graft::testing
