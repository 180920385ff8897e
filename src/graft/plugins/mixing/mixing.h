// Training examples made of two of a batch, and their labels with them. A mixing is named on the command line with its
// options: "mixup", "cutmix:alpha=0.5"; several with commas between, of which each batch takes one.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/ArrayRef.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/options.h"
#include "graft/core/random.h"
#include "graft/data/dataset.h"
#include "graft/plugins/mixing/captions.h"

namespace graft::plugins {

// Where in the model two examples become one.
enum class MixPlace {
  input,     // the pixels, before the model
  features,  // what training begins from: of a method that leaves the lower blocks alone, their output
  random,    // any place from there to the head, drawn for each batch
};
std::vector<std::pair<MixPlace, std::string>> choices(MixPlace);

// What was drawn for one batch.
struct Mix {
  at::Tensor partner;  // [B] int64: with whom each example is mixed
  at::Tensor kept;     // [B] float64: how much of its own label it keeps
  // x [B, ...] -> the same shape, mixed; of photos with captions there may be fewer rows.
  std::function<at::Tensor(const at::Tensor&)> values;
  // Of photos with captions, in place of `kept`: ids [B, C] -> [B', C'], as many rows as values().
  std::function<at::Tensor(const at::Tensor& ids, const TextFrame& frame)> captions = nullptr;
};

// target [B] int64 of one class an example, or [B, K] float32 -> [B, K] float32: kept · own + (1 - kept) · partner's.
at::Tensor mixed_targets(const at::Tensor& target, int64_t outputs, const Mix& mix);

class Mixing {
 public:
  virtual ~Mixing() = default;
  virtual MixPlace place() const = 0;
  virtual bool serves(data::Target target) const { return has_classes(target); }
  virtual bool joins_captions() const { return false; }
  virtual std::optional<double> chance() const = 0;  // of a batch to be mixed by it; absent: what others leave
  // For a batch of these sizes, examples first; what is drawn depends on them and on `random` alone.
  virtual Mix draw(at::IntArrayRef sizes, Random random) const = 0;
};

struct MixingEntry {
  const char* name;
  const char* summary;
  const char* paper;
  std::vector<OptionInfo> (*options)();
  std::unique_ptr<Mixing> (*parse)(const OptionValues& values);
};

const std::vector<const MixingEntry*>& mixings();  // in the order of mixing.def

}  // namespace graft::plugins
