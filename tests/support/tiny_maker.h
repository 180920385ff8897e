// The tensors of a tiny checkpoint, by name.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/random.h"
#include "tests/support/tiny_models.h"

namespace graft::testing {

// Collects tensors; each draws from a stream of its own, so that adding one changes no other.
class TinyMaker {
 public:
  TinyMaker(TinyCheckpoint& checkpoint, uint64_t seed) : tensors_(checkpoint.tensors), seed_(seed) {}

  void normal(const std::string& name, std::vector<int64_t> shape, double std, double mean = 0) {
    tensors_[name] = random_tensor(std::move(shape), Random(seed_).fork(name).bits(), std, mean);
  }
  void matrix(const std::string& name, int64_t out, int64_t in) { normal(name, {out, in}, 1 / std::sqrt(double(in))); }
  void bias(const std::string& name, int64_t width) { normal(name, {width}, 0.1); }
  void linear(const std::string& name, int64_t out, int64_t in) {
    matrix(name + ".weight", out, in);
    bias(name + ".bias", out);
  }
  void norm(const std::string& name, int64_t width) {
    normal(name + ".weight", {width}, 0.1, 1);
    bias(name + ".bias", width);
  }
  void convolution(const std::string& name, std::vector<int64_t> shape) {
    int64_t inputs = 1;
    for (size_t i = 1; i < shape.size(); ++i)
      inputs *= shape[i];
    normal(name + ".weight", std::move(shape), std::sqrt(2 / double(inputs)));
  }
  void batch_norm(const std::string& name, int64_t width) {
    norm(name, width);
    normal(name + ".running_mean", {width}, 0.2);
    normal(name + ".running_var", {width}, 0.1, 1);
  }

 private:
  std::map<std::string, at::Tensor>& tensors_;
  uint64_t seed_;
};

}  // namespace graft::testing
