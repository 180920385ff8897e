#include "graft/pipelines/merged_weights.h"

#include <torch/types.h>

#include <algorithm>
#include <set>

#include "graft/core/error.h"
#include "graft/io/safetensors.h"

namespace graft::pipelines {
namespace {

// Sizes that OpenAI's archives hold beside the weights. open_clip's description says them, and its reader takes no
// tensor that its model has not.
bool is_size(const std::string& name) {
  return name == "input_resolution" || name == "context_length" || name == "vocab_size";
}

// What a classifier of transformers holds beside the model inside it.
bool is_outside(const std::string& name) {
  return name.starts_with("classifier.") || name.starts_with("decoder.") || name.starts_with("head.");
}

std::span<const std::byte> bytes_of_tensor(const at::Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()};
}

}  // namespace

WrittenWeights write_merged_weights(const std::filesystem::path& file, const io::Weights& base,
                                    const models::Model& model, const PlacedHead& head, bool inflated) {
  const auto& info = model.info();
  auto values = is_resized(info) ? model.to_checkpoint_at_size() : model.to_checkpoint();
  const bool sizes_are_said = library_of(info) == Library::open_clip;
  // A decoder put on a bare network is written under the names of both, and nothing stays that the network's file had.
  const bool renamed =
      std::ranges::none_of(base.tensors(), [&](const auto& one) { return values.contains(one.first); });
  WrittenWeights written;
  std::vector<io::NamedView> views;
  std::vector<at::Tensor> kept;  // what the views look at
  std::set<std::string> seen;
  for (const auto& [name, view] : base.tensors()) {
    seen.insert(name);
    if (renamed) continue;
    if (head.tensors.contains(name) || (sizes_are_said && is_size(name))) continue;
    const auto new_name = is_outside(name) ? name : head.prefix + name;
    const auto value = values.find(name);
    const bool same = value == values.end() ||
                      (value->second.sizes().equals(view.shape) && at::equal(value->second, models::to_float(view)));
    if (same) {
      views.push_back({new_name, view.dtype, view.shape, view.span()});
      continue;
    }
    const auto type = models::view_of(view).scalar_type();
    kept.push_back(value->second.to(type).contiguous());
    views.push_back({new_name, view.dtype, kept.back().sizes().vec(), bytes_of_tensor(kept.back())});
    if (view.dtype == io::Dtype::f16) written.rounded = "float16";
    if (view.dtype == io::Dtype::bf16) written.rounded = "bfloat16";
    ++written.changed;
    value->second.reset();
  }
  for (const auto& [name, value] : values) {
    if (seen.contains(name)) continue;
    if (!inflated && !renamed) throw InternalError("merge", "{} was read from no tensor of {}.", name, base.name());
    kept.push_back(value.to(at::kFloat).contiguous());
    views.push_back({name, io::Dtype::f32, kept.back().sizes().vec(), bytes_of_tensor(kept.back())});
    ++written.changed;
  }
  for (const auto& [name, tensor] : head.tensors) {
    kept.push_back(tensor.to(at::kFloat).contiguous());
    views.push_back({name, io::Dtype::f32, kept.back().sizes().vec(), bytes_of_tensor(kept.back())});
  }
  auto metadata = base.metadata();
  metadata["format"] = "pt";
  io::write_safetensors(file, views, metadata);
  return written;
}

}  // namespace graft::pipelines
