// An ONNX graph in the making, operation by operation of a computation that was recorded (traced.h).
#pragma once

#include <ATen/core/Tensor.h>
#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graft/io/onnx_file.h"
#include "graft/models/onnx/traced.h"
#include "graft/nn/parameters.h"

namespace graft::models::onnx {

inline constexpr int64_t kWrittenOpset = 17;  // LayerNormalization's first
inline constexpr int64_t kWrittenIr = 8;

class GraphWriter {
 public:
  // Initializers are called as the tensors of `weights` that have their numbers.
  GraphWriter(const Traced& traced, const std::vector<std::string>& inputs, const nn::NamedTensors& weights);

  const TracedValue& value(size_t number) const { return traced_.values.at(number); }
  const std::string& name_of(size_t number) const { return names_.at(number); }
  void name(size_t number, std::string name) { names_.at(number) = std::move(name); }

  // -> the name of its output
  std::string emit(std::string type, std::vector<std::string> inputs, std::vector<io::OnnxAttribute> attributes = {});
  std::string constant(const at::Tensor& numbers);  // an initializer, once for equal ones
  std::string constant(const std::vector<int64_t>& numbers);
  // [n] int64; open lengths are computed of the first input's.
  std::string shape(const std::vector<Length>& lengths);
  std::string examples();  // how many there are, [1] int64

  // What was recorded as `output` is given under that name.
  void give(const Argument& output, const std::string& name);
  io::OnnxFile take() { return std::move(file_); }

 private:
  std::string name_for(const at::Tensor& numbers);

  const Traced& traced_;
  io::OnnxFile file_;
  std::vector<std::string> names_;  // of the values; empty: nothing gives it yet
  std::multimap<std::vector<int64_t>, std::pair<std::string, at::Tensor>> weights_;  // by their sizes
  std::multimap<std::vector<int64_t>, std::pair<std::string, at::Tensor>> constants_;
  std::string examples_;
  size_t next_ = 0;
};

// One operation as it is written: its arguments by their places, with every question answered or refused by its name.
class Step {
 public:
  Step(GraphWriter& writer, const Operation& operation) : writer_(writer), operation_(operation) {}

  size_t count() const { return operation_.arguments.size(); }
  const Argument& argument(size_t i) const { return operation_.arguments.at(i); }
  bool is_none(size_t i) const;
  int64_t integer(size_t i) const;
  double real(size_t i) const;
  bool flag(size_t i) const;
  std::vector<int64_t> integers(size_t i) const;
  std::vector<Length> lengths(size_t i) const;  // of a list or a number, open or not
  const at::Tensor& known(size_t i) const;      // a tensor that depends on no input
  bool is_known(size_t i) const;                // such a one
  TracedValue described(size_t i) const;        // type and shape of a tensor, known or not
  int64_t axis(int64_t given, int64_t rank) const { return given < 0 ? given + rank : given; }

  // The name of a tensor or number as a value of that type, cast where it has another.
  std::string tensor(size_t i, at::ScalarType type) const { return tensor(argument(i), type); }
  std::string tensor(const Argument& given, at::ScalarType type) const;
  std::string tensor(size_t i) const;  // in its own type
  const TracedValue& result(size_t k = 0) const { return writer_.value(operation_.results.at(k)); }
  size_t results() const { return operation_.results.size(); }

  std::string emit(std::string type, std::vector<std::string> inputs,
                   std::vector<io::OnnxAttribute> attributes = {}) const {
    return writer_.emit(std::move(type), std::move(inputs), std::move(attributes));
  }
  std::string cast(const std::string& name, at::ScalarType type) const;
  std::string number(double value, at::ScalarType type) const;  // a scalar
  GraphWriter& writer() const { return writer_; }

  void give(std::string name, size_t k = 0) const { writer_.name(operation_.results.at(k), std::move(name)); }

  // ModelError with the operation.
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    refuse_as(fmt::format(format, std::forward<Args>(args)...));
  }

 private:
  TracedValue described(const Argument& given) const;
  [[noreturn]] void refuse_as(const std::string& what) const;

  GraphWriter& writer_;
  const Operation& operation_;
};

}  // namespace graft::models::onnx
