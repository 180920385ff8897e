// One call of an operator: the node, its inputs, and what the file says of it, with every question answered or refused
// by the node's name. Values are float32 (halves are widened), float64, whole numbers or truths, on the CPU.
#pragma once

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graft/io/onnx_file.h"

namespace graft::models::onnx {

// Of one value, so that a few bytes of a file cannot ask for all memory.
inline constexpr int64_t kMostNumbers = int64_t{1} << 29;

class Call {
 public:
  // Undefined inputs are left out.
  Call(const io::OnnxNode& node, int64_t opset, std::vector<at::Tensor> inputs, std::string_view file)
      : node_(node), opset_(opset), inputs_(std::move(inputs)), file_(file) {}

  const io::OnnxNode& node() const { return node_; }
  int64_t opset() const { return opset_; }

  size_t count() const { return inputs_.size(); }
  bool has(size_t i) const { return i < inputs_.size() && inputs_[i].defined(); }
  const at::Tensor& input(size_t i) const;  // refused where it is left out
  std::vector<int64_t> integers_of(size_t i) const;
  double number_of(size_t i) const;

  float real(std::string_view name, float otherwise) const;
  int64_t integer(std::string_view name, int64_t otherwise) const;
  bool flag(std::string_view name, bool otherwise) const;  // 0 or 1
  std::string text(std::string_view name, std::string_view otherwise) const;
  std::optional<std::vector<int64_t>> integers(std::string_view name) const;
  std::optional<std::vector<float>> reals(std::string_view name) const;
  std::optional<at::Tensor> tensor(std::string_view name) const;
  // The list that an attribute says, or input i; absent where neither does.
  std::optional<std::vector<int64_t>> list(std::string_view attribute, size_t i) const;

  // From 0 of one that may count from the end, in a tensor of so many axes.
  int64_t axis(int64_t given, int64_t rank) const;
  std::vector<int64_t> axes(std::vector<int64_t> given, int64_t rank) const;  // each once
  // A value of that shape may be made: no length is negative, and there are not more numbers than kMostNumbers.
  const std::vector<int64_t>& allow(const std::vector<int64_t>& shape) const;

  // ModelError with the file and the node.
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    refuse_as(fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  template <class Value>
  const Value* find(std::string_view name) const;
  [[noreturn]] void refuse_as(const std::string& what) const;

  const io::OnnxNode& node_;
  int64_t opset_;
  std::vector<at::Tensor> inputs_;
  std::string_view file_;
};

using Outputs = std::vector<at::Tensor>;

// A tensor of a file as a value.
at::Tensor to_value(const io::TensorView& view);
// The type of values that stands for a type of a file.
at::ScalarType value_type(io::Dtype dtype);

}  // namespace graft::models::onnx
