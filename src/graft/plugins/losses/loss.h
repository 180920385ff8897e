// What training makes small. A loss is named on the command line with its options: "focal", "focal:gamma=1".
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/options.h"
#include "graft/data/dataset.h"
#include "graft/models/pair_head.h"

namespace graft::plugins {

// What a loss is told of the training examples before it is made.
struct LossSetting {
  data::Target target = data::Target::label;
  std::vector<std::string> classes = {};
  std::vector<int64_t> counts = {};  // training examples of each class; empty: not known
};

class Loss {
 public:
  virtual ~Loss() = default;

  // What each example would cost if its label were that class: logits [B, C] -> [B, C]. All else follows of it.
  virtual at::Tensor of_labels(const at::Tensor& logits) const = 0;

  // logits [B, C] -> a scalar: the sum over the batch, so that the sums of parts make the whole. labels: one class an
  // example, [B] int64; or each class's share of its label, [B, C], whose costs are added by these shares (of a mixed
  // example two classes; where several may be true, ones). `label_smoothing` of each label is spread evenly over all
  // classes.
  virtual at::Tensor sum(const at::Tensor& logits, const at::Tensor& labels, double label_smoothing) const;

  // What a mean over the batch divides the sum by; sums of parts make the whole.
  virtual double weight(const at::Tensor& labels) const;

  // It knows what to do where so much is told of an example.
  virtual bool serves(data::Target target) const { return target == data::Target::label; }

  // Of photos with captions: what their cosines start as (models/pair_head.h); absent: it does not serve them.
  virtual std::optional<models::PairScale> pairs() const { return {}; }

  // The loss in an epoch, from 0: another one where it changes while training goes on.
  virtual const Loss& in_epoch(int64_t) const { return *this; }
};

// labels [B] or [B, C] as shares [B, C] of the logits' type, smoothed.
at::Tensor shares_of(const at::Tensor& labels, const at::Tensor& logits, double label_smoothing);

struct LossEntry {
  const char* name;
  const char* summary;
  const char* paper;
  std::vector<OptionInfo> (*options)();
  std::unique_ptr<Loss> (*parse)(const OptionValues& values, const LossSetting& setting);
};

const std::vector<const LossEntry*>& losses();  // in the order of losses.def

// ConfigError where a loss that was asked for by `text` does not know what to do with what is told of an example.
void check_serves(const Loss& loss, const std::string& text, data::Target target);

// UsageError for a name that none has, with the nearest; ConfigError for an option that the loss lacks or refuses.
std::unique_ptr<Loss> make_loss(const std::string& text, const LossSetting& setting = {});

}  // namespace graft::plugins
