// What training makes small. A loss is named on the command line with its options: "focal", "focal:gamma=1".
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "graft/core/options.h"

namespace graft::plugins {

class Loss {
 public:
  virtual ~Loss() = default;

  // logits [B, C]; labels [B] int64 -> a scalar: the sum over the batch, so that the sums of parts make the whole.
  // `label_smoothing` of each label is spread evenly over all classes.
  virtual at::Tensor sum(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing) const = 0;
};

struct LossEntry {
  const char* name;
  const char* summary;
  const char* paper;
  std::vector<OptionInfo> (*options)();
  std::unique_ptr<Loss> (*parse)(const OptionValues& values);
};

const std::vector<const LossEntry*>& losses();  // in the order of losses.def

// UsageError for a name that none has, with the nearest; ConfigError for an option that the loss lacks or refuses.
std::unique_ptr<Loss> make_loss(const std::string& text);

}  // namespace graft::plugins
