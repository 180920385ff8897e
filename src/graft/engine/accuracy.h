// How often predictions are right, and how well that is known.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace graft::engine {

struct Interval {
  double low = 0;
  double high = 1;
};

// 95 % score interval of a proportion (Wilson 1927); [0, 1] when nothing was counted.
Interval wilson_interval(int64_t correct, int64_t count);

struct Scores {
  int64_t count = 0;
  int64_t correct = 0;
  double accuracy = 0;  // in [0, 1], as the interval
  Interval interval;
  double mean_per_class = 0;                        // over the classes that occur
  double loss = 0;                                  // mean cross-entropy
  std::vector<int64_t> class_count, class_correct;  // [C]
  std::vector<std::vector<int64_t>> confusion;      // [label][predicted]
};

struct Predictions {
  std::vector<std::string> files;  // as the data set names them
  std::vector<int64_t> labels;     // -1 where there is none
  at::Tensor probabilities;        // [N, C] float32
};

// Of equal scores the lower class counts as predicted.
Scores score(const Predictions& predictions);

// The k most probable classes of a row, best first.
std::vector<std::pair<int64_t, double>> top(const at::Tensor& probabilities, int64_t row, int64_t k);

}  // namespace graft::engine
