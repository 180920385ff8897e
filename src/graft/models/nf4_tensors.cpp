#include "graft/models/nf4_tensors.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "graft/core/error.h"
#include "graft/io/json_object.h"
#include "graft/models/checkpoint.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models {
namespace {

constexpr std::string_view kState = ".quant_state.bitsandbytes__";
constexpr const char* kNf4State = ".quant_state.bitsandbytes__nf4";

struct TypeName {
  at::ScalarType type;
  const char* name;
};
constexpr TypeName kTypes[] = {{at::kFloat, "float32"}, {at::kHalf, "float16"}, {at::kBFloat16, "bfloat16"}};

// One tensor of the matrix, in its own type, flat.
at::Tensor part(const io::Weights& weights, const std::string& name, at::ScalarType type) {
  const auto* view = weights.find(name);
  if (!view) {
    throw ModelError("model", "{}: '{}' is missing, a part of a matrix in NF4. Save the model with bitsandbytes again.",
                     weights.name(), name);
  }
  if (scalar_type(view->dtype) != type) {
    throw ModelError("model", "{}: '{}' is of type {}: expected {}.", weights.name(), name, io::name_of(view->dtype),
                     at::toString(type));
  }
  return view_of(*view).view({-1});
}

io::JsonObject state_of(const io::Weights& weights, const std::string& name) {
  const auto bytes = part(weights, name + kNf4State, at::kByte);
  const std::string_view text(reinterpret_cast<const char*>(bytes.const_data_ptr<uint8_t>()),
                              static_cast<size_t>(bytes.numel()));
  return io::JsonObject::parse(text, fmt::format("{}, '{}{}'", weights.name(), name, kNf4State));
}

at::ScalarType type_of(const io::JsonObject& state) {
  const auto name = state.need<std::string>("dtype");
  for (const auto& known : kTypes) {
    if (name == known.name) return known.type;
  }
  throw ModelError("model", "{}: dtype = \"{}\": expected float32, float16 or bfloat16.", state.file(), name);
}

at::Tensor nf4_table() {
  return torch::tensor(at::ArrayRef<float>(tensor::kNf4Levels, 16), tensor::on_cpu());
}

}  // namespace

bool is_quantised_by_bitsandbytes(const io::Weights& weights, const std::string& name) {
  const auto at = weights.tensors().lower_bound(name + std::string(kState));
  return (at != weights.tensors().end() && at->first.starts_with(name + std::string(kState))) ||
         weights.tensors().contains(name + ".absmax");
}

std::vector<std::string> bitsandbytes_names(const io::Weights& weights, const std::string& name) {
  std::vector<std::string> names{name};
  for (auto at = weights.tensors().lower_bound(name + "."); at != weights.tensors().end(); ++at) {
    if (!at->first.starts_with(name + ".")) break;
    names.push_back(at->first);
  }
  return names;
}

tensor::QuantisedWeight read_nf4(const io::Weights& weights, const std::string& name) {
  if (!weights.tensors().contains(name + kNf4State)) {
    throw ModelError(
        "model",
        "{}: '{}' was quantised by bitsandbytes, and not as NF4, which is what graft reads. Save the model "
        "with bnb_4bit_quant_type = \"nf4\", or as it was before.",
        weights.name(), name);
  }
  const auto state = state_of(weights, name);
  state.expect("quant_type", {"nf4"});
  const auto shape = state.need<std::vector<int64_t>>("shape");
  if (shape.size() != 2 || shape[0] < 1 || shape[1] < 1)
    throw ModelError("model", "{}: shape has {} sizes: expected those of a matrix.", state.file(), shape.size());
  tensor::Nf4Scales scales;
  scales.block = state.need<int64_t>("blocksize");
  scales.type = type_of(state);
  const bool nested = weights.tensors().contains(name + ".nested_absmax");
  scales.absmax = part(weights, name + ".absmax", nested ? at::kByte : at::kFloat);
  if (nested) {
    state.expect("nested_dtype", {"float32"});
    scales.nested_absmax = part(weights, name + ".nested_absmax", at::kFloat);
    scales.nested_table = part(weights, name + ".nested_quant_map", at::kFloat);
    scales.nested_block = state.need<int64_t>("nested_blocksize");
    scales.nested_offset = static_cast<float>(state.need<double>("nested_offset"));
  }
  state.refuse_unread("model", "Save the model with bitsandbytes 0.50.");
  if (const auto table = part(weights, name + ".quant_map", at::kFloat); !torch::equal(table, nf4_table()))
    throw ModelError("model", "{}: '{}.quant_map' is not the table of NF4.", weights.name(), name);
  try {
    return tensor::quantised_nf4(shape[0], shape[1], part(weights, name, at::kByte), scales);
  } catch (const ShapeError& error) {
    throw ModelError("model", "{}: '{}' is damaged: {}", weights.name(), name, error.what());
  }
}

void write_nf4(const tensor::QuantisedWeight& weight, const std::string& name, nn::NamedTensors& to) {
  GRAFT_ASSERT(weight.parts.size() == 1 && weight.parts[0].format == tensor::BlockFormat::nf4);
  const auto& scales = weight.parts[0].scales;
  nlohmann::ordered_json state{{"quant_type", "nf4"}, {"blocksize", scales.block}};
  for (const auto& known : kTypes) {
    if (known.type == scales.type) state["dtype"] = known.name;
  }
  state["shape"] = {weight.rows, weight.columns};
  to[name] = weight.parts[0].blocks.view({-1, 1});
  to[name + ".absmax"] = scales.absmax;
  to[name + ".quant_map"] = nf4_table();
  if (scales.nested_absmax.defined()) {
    state["nested_blocksize"] = scales.nested_block;
    state["nested_dtype"] = "float32";
    state["nested_offset"] = scales.nested_offset;
    to[name + ".nested_absmax"] = scales.nested_absmax;
    to[name + ".nested_quant_map"] = scales.nested_table;
  }
  const auto text = state.dump();
  auto bytes = at::empty({static_cast<int64_t>(text.size())}, tensor::on_cpu(at::kByte));
  std::memcpy(bytes.mutable_data_ptr(), text.data(), text.size());
  to[name + kNf4State] = bytes;
}

}  // namespace graft::models
