#include "graft/io/onnx_writer.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"

namespace graft::io {
namespace {

// A message of the wire format: fields one behind the other. Big numbers stay where they lie until all is written.
class Message {
 public:
  struct Part {
    std::string bytes;
    const TensorView* numbers = nullptr;  // behind the bytes
  };

  void put(std::uint32_t field, std::int64_t value) {
    begin(field, 0);
    varint(static_cast<std::uint64_t>(value));
  }
  void put(std::uint32_t field, float value) {
    begin(field, 5);
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8)
      text().push_back(static_cast<char>(bits >> shift));
  }
  void put(std::uint32_t field, std::string_view value) {
    begin(field, 2);
    varint(value.size());
    text() += value;
  }
  void put(std::uint32_t field, const Message& value) {
    begin(field, 2);
    varint(value.size());
    for (const auto& part : value.parts_) {
      text() += part.bytes;
      if (part.numbers) put_numbers(*part.numbers);
    }
  }
  void put(std::uint32_t field, const TensorView& numbers) {
    begin(field, 2);
    varint(numbers.bytes);
    put_numbers(numbers);
  }

  std::size_t size() const {
    std::size_t total = 0;
    for (const auto& part : parts_)
      total += part.bytes.size() + (part.numbers ? part.numbers->bytes : 0);
    return total;
  }
  const std::vector<Part>& parts() const { return parts_; }

 private:
  void put_numbers(const TensorView& numbers) {
    parts_.back().numbers = &numbers;
    parts_.emplace_back();
  }
  std::string& text() { return parts_.back().bytes; }
  void begin(std::uint32_t field, std::uint32_t wire) { varint(field << 3 | wire); }
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      text().push_back(static_cast<char>(value | 0x80));
    text().push_back(static_cast<char>(value));
  }

  std::vector<Part> parts_ = {{}};
};

std::int64_t number_of(Dtype dtype) {
  if (const auto number = onnx_number(dtype)) return *number;
  throw FileError("onnx", "tensors of type {} are not written.", name_of(dtype));
}

Message tensor(std::string_view name, const TensorView& view) {
  Message message;
  for (const auto size : view.shape)
    message.put(1, size);
  message.put(2, number_of(view.dtype));
  if (!name.empty()) message.put(8, name);
  message.put(9, view);
  return message;
}

Message attribute(const OnnxAttribute& given) {
  Message message;
  message.put(1, given.name);
  const auto kind = [&](std::int64_t number) { message.put(20, number); };
  const auto each = [&](std::uint32_t field, const auto& values) {
    for (const auto& value : values)
      message.put(field, value);
  };
  if (const auto* real = std::get_if<float>(&given.value)) {
    message.put(2, *real);
    kind(1);
  } else if (const auto* integer = std::get_if<std::int64_t>(&given.value)) {
    message.put(3, *integer);
    kind(2);
  } else if (const auto* text = std::get_if<std::string>(&given.value)) {
    message.put(4, std::string_view(*text));
    kind(3);
  } else if (const auto* view = std::get_if<TensorView>(&given.value)) {
    message.put(5, tensor("", *view));
    kind(4);
  } else if (const auto* reals = std::get_if<std::vector<float>>(&given.value)) {
    each(7, *reals);
    kind(6);
  } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&given.value)) {
    each(8, *integers);
    kind(7);
  } else if (const auto* texts = std::get_if<std::vector<std::string>>(&given.value)) {
    each(9, *texts);
    kind(8);
  }
  return message;
}

Message node(const OnnxNode& given) {
  Message message;
  for (const auto& input : given.inputs)
    message.put(1, input);
  for (const auto& output : given.outputs)
    message.put(2, output);
  if (!given.name.empty()) message.put(3, given.name);
  message.put(4, given.type);
  for (const auto& each : given.attributes)
    message.put(5, attribute(each));
  if (!given.domain.empty()) message.put(7, given.domain);
  return message;
}

Message value(const OnnxValue& given) {
  Message type;
  type.put(1, number_of(given.dtype));
  if (given.shape) {
    Message shape;
    for (const auto& size : *given.shape) {
      Message dimension;
      if (size) {
        dimension.put(1, *size);
      } else if (&size == &given.shape->front()) {
        dimension.put(2, std::string_view(kOpenLength));
      }
      shape.put(1, dimension);
    }
    type.put(2, shape);
  }
  Message kind;
  kind.put(1, type);
  Message message;
  message.put(1, given.name);
  message.put(2, kind);
  return message;
}

Message graph(const OnnxFile& file) {
  Message message;
  for (const auto& each : file.nodes)
    message.put(1, node(each));
  message.put(2, std::string_view("graft"));
  for (const auto& [name, view] : file.initializers)
    message.put(5, tensor(name, view));
  for (const auto& input : file.inputs)
    message.put(11, value(input));
  for (const auto& output : file.outputs)
    message.put(12, value(output));
  return message;
}

}  // namespace

void write_onnx(const std::filesystem::path& path, const OnnxFile& file,
                const std::map<std::string, std::string>& metadata) {
  Message model;
  model.put(1, file.ir_version);
  model.put(2, std::string_view(file.producer));
  model.put(7, graph(file));
  Message opset;
  opset.put(1, std::string_view());
  opset.put(2, file.opset);
  model.put(8, opset);
  for (const auto& [key, text] : metadata) {
    Message entry;
    entry.put(1, std::string_view(key));
    entry.put(2, std::string_view(text));
    model.put(14, entry);
  }
  if (const auto size = model.size(); size > std::numeric_limits<std::int32_t>::max()) {
    throw FileError("onnx", "{}: {} MB, and an ONNX file holds 2,147. Export a smaller model.", path.string(),
                    size / 1'000'000);
  }
  AtomicFile out(path);
  for (const auto& part : model.parts()) {
    out.write(part.bytes);
    if (part.numbers) out.write(part.numbers->span());
  }
  out.commit();
}

}  // namespace graft::io
