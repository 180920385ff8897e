#include "graft/models/batch_norms.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "graft/core/error.h"

namespace graft::models {
namespace {

constexpr const char* kCount = "num_batches_tracked";

}  // namespace

std::shared_ptr<nn::BatchNorm> read_batch_norm(CheckpointReader& reader, const std::string& ours,
                                               const std::string& theirs, int64_t width, double eps) {
  const auto take = [&](const char* name) {
    return reader.take(fmt::format("{}.{}", ours, name), fmt::format("{}.{}", theirs, name), {width});
  };
  if (const auto count = fmt::format("{}.{}", theirs, kCount); reader.has(count)) reader.ignore({reader.full(count)});
  const auto weight = take("weight"), bias = take("bias"), mean = take("running_mean");
  return std::make_shared<nn::BatchNorm>(weight, bias, mean, take("running_var"), eps);
}

void refuse_description(const char* family, const std::optional<io::JsonObject>& file) {
  if (!file) return;
  throw ModelError(family,
                   "{} lies beside weights that nobody describes so: it could change the features. Take it away.",
                   file->file());
}

void note_what_is_left(const CheckpointReader& reader, tensor::Precision asked, std::vector<Note>& notes) {
  std::vector<std::string> names;
  for (const auto& name : reader.ignored()) {
    if (!name.ends_with(kCount)) names.push_back(name);
  }
  if (!names.empty()) {
    const auto shown = std::min<size_t>(names.size(), 3);
    notes.push_back({.text = fmt::format("left aside: {}{}", fmt::join(names.begin(), names.begin() + shown, ", "),
                                         names.size() > shown ? fmt::format(" and {} more", names.size() - shown) : ""),
                     .numbers = false});
  }
  if (asked == tensor::Precision::fp32) return;
  notes.push_back({.text = fmt::format("convolutions are computed in float32, not in {}", tensor::to_string(asked)),
                   .numbers = false});
}

}  // namespace graft::models
