// What a head said of examples. Of very many classes only the best of each example are kept, so that examples times
// classes numbers are never held.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "graft/data/source.h"

namespace graft::tasks {

inline constexpr int64_t kAllScores = 1000;  // up to so many classes every score of an example is kept
inline constexpr int64_t kBestScores = 10;   // and of more the best

struct Predictions {
  std::vector<std::string> files;  // as the data set names them
  std::vector<int64_t> labels;     // -1 where there is none
  at::Tensor probabilities;        // [N, C] float32; of more than kAllScores classes [N, kBestScores], best first
  at::Tensor best = {};            // [N, kBestScores] int64, whose they are; undefined where all are there, in order
  at::Tensor of_label = {};        // [N] float32, the label's, where not all are there
  int64_t class_count = 0;         // 0: as many as there are columns
  data::Target target = data::Target::label;  // labels: `probabilities` of each class by itself; value: the numbers;
                                              // caption: the photo's row, which is compared with texts' rows
  // Of masks, in place of what stands above: of each photo and class how many pixels are of it, are told to be, and
  // both, where the truth is known, and how many are told to be anywhere, [N, 4, K] int64; and of all together.
  at::Tensor pixels = {};
  at::Tensor confusion = {};  // [K, K] int64, truth by told
  double pixel_loss = 0;      // the sum of the cross-entropies

  std::vector<std::string> groups = {};  // of each example its group, or none; empty: no example has one

  at::Tensor truth = {};  // [N, K] float32 of labels, values and captions (the text's row), NaN where it is not known

  int64_t classes() const { return class_count > 0 ? class_count : probabilities.size(1); }
};

// Bytes that so many examples' predictions take.
int64_t prediction_bytes(int64_t examples, int64_t classes);

// Predictions as batches of logits come.
class PredictionRows {
 public:
  PredictionRows(std::vector<std::string> files, std::vector<int64_t> labels, int64_t classes);
  // Of a source's examples, in its order. Of masks the source is asked as rows come, and outlives this.
  PredictionRows(const data::Source& source, data::Target target, int64_t outputs);

  // Called with each photo's answer, as large as the photo.
  using MaskSink = std::function<void(int64_t row, const data::Mask& told)>;
  void on_mask(MaskSink sink) { sink_ = std::move(sink); }

  // logits [B, C], of masks [B, C, h, w], of the examples after those so far. DivergenceError, with the example, for
  // one that is not finite.
  void add(const at::Tensor& logits);
  // Of captions: the texts' rows, [N, outputs].
  void tell(const at::Tensor& truth) { predictions_.truth.copy_(truth); }
  Predictions take() { return std::move(predictions_); }

 private:
  void add_masks(const at::Tensor& logits);

  Predictions predictions_;
  const data::Source* masks_ = nullptr;
  MaskSink sink_;
  int64_t rows_ = 0;
};

// Logits [N * views, C] of things that were looked at several times, as logits [N, C] of the mean of the views'
// probabilities.
at::Tensor mean_of_views(const at::Tensor& logits, int64_t views);

// The k most probable classes of a row, best first; of equal ones the lower first. At most as many as are kept.
std::vector<std::pair<int64_t, double>> top(const Predictions& predictions, int64_t row, int64_t k);

}  // namespace graft::tasks
