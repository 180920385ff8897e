#include "graft/io/weights.h"

#include <fmt/ranges.h>
#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/io/foreign_bytes.h"
#include "graft/io/gguf.h"
#include "graft/io/llama2c.h"
#include "graft/io/mapped_file.h"
#include "graft/io/torch_file.h"

namespace graft::io {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Best first: an average of the weights where training kept one, as timm prefers it; the teacher for DINO.
constexpr std::array<std::string_view, 15> kUsualWrappers{"state_dict_ema",
                                                          "model_ema",
                                                          "ema_state_dict",
                                                          "model_ema_state_dict",
                                                          "ema",
                                                          "state_dict",
                                                          "model",
                                                          "model_state_dict",
                                                          "model_state",
                                                          "net",
                                                          "teacher",
                                                          "target_encoder",
                                                          "student",
                                                          "params",
                                                          "module"};

std::size_t rank(std::string_view wrapper) {
  return static_cast<std::size_t>(std::find(kUsualWrappers.begin(), kUsualWrappers.end(), wrapper) -
                                  kUsualWrappers.begin());
}

bool is_usual(std::string_view wrapper) {
  return rank(wrapper) < kUsualWrappers.size();
}

bool is_index(const fs::path& path) {
  return path.extension() == ".json";
}

// The shards of an index, each with the tensors it should hold: {"weight_map": {tensor: file beside the index}}.
std::map<fs::path, std::vector<std::string>> read_index(const fs::path& path) {
  const auto file = MappedFile::open(path);
  const auto* text = reinterpret_cast<const char*>(file->bytes().data());
  const json index = json::parse(text, text + file->bytes().size(), nullptr, false);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object() ||
      index["weight_map"].empty()) {
    throw FileError("weights", "{}: expected an index of shards, with a weight_map.", path.string());
  }
  std::map<fs::path, std::vector<std::string>> shards;
  for (const auto& [tensor, name] : index["weight_map"].items()) {
    const fs::path shard = name.is_string() ? fs::path(name.get<std::string>()) : fs::path();
    if (shard.empty() || shard.has_parent_path()) {
      throw FileError("weights", "{}: tensor '{}' is said to lie in {}: expected a file beside the index.",
                      path.string(), tensor, name.dump());
    }
    shards[path.parent_path() / shard].push_back(tensor);
  }
  return shards;
}

// The tensors that lie in `file` say so.
TensorMap in_file(TensorMap tensors, const std::shared_ptr<const MappedFile>& file) {
  for (auto& [name, view] : tensors) {
    if (file->holds(view.span())) view.file = file;
  }
  return tensors;
}

Weights open_sharded(const fs::path& path) {
  const auto shards = read_index(path);
  std::vector<fs::path> paths;
  for (const auto& [shard, names] : shards)
    paths.push_back(shard);
  const Weights weights = Weights::open(paths);
  std::vector<std::string> missing;
  for (const auto& [shard, names] : shards) {
    for (const auto& tensor : names) {
      if (!weights.tensors().contains(tensor)) {
        missing.push_back(fmt::format("{} ({})", tensor, shard.filename().string()));
      }
    }
  }
  if (!missing.empty()) {
    throw FileError("weights", "{}: {} tensors of the index are missing from their shards:\n  {}", path.string(),
                    missing.size(), fmt::join(missing, "\n  "));
  }
  return Weights(path.string(), weights.tensors(), weights.metadata());
}

Dtype dtype_of(GgmlType type) {
  switch (type) {
    case GgmlType::f64:
      return Dtype::f64;
    case GgmlType::f32:
      return Dtype::f32;
    case GgmlType::f16:
      return Dtype::f16;
    case GgmlType::bf16:
      return Dtype::bf16;
    case GgmlType::i64:
      return Dtype::i64;
    case GgmlType::i32:
      return Dtype::i32;
    case GgmlType::i16:
      return Dtype::i16;
    case GgmlType::i8:
      return Dtype::i8;
    default:
      return Dtype::u8;  // blocks
  }
}

Weights open_gguf(const fs::path& path) {
  const auto file = GgufFile::open(path);
  TensorMap tensors;
  for (const auto& [name, tensor] : file.tensors()) {
    auto shape = tensor.shape;
    const auto& format = format_of(tensor.type);
    if (format.numbers > 1)
      shape.back() = shape.back() / static_cast<int64_t>(format.numbers) * static_cast<int64_t>(format.bytes);
    tensors[name] = {dtype_of(tensor.type), shape, tensor.data.data(), tensor.data.size(), file.owner(), file.file()};
  }
  const auto& said = file.metadata();
  const auto architecture = said.text("general.architecture").value_or("");
  return Weights(path.string(), std::move(tensors), {{"general.architecture", std::string(architecture)}});
}

}  // namespace

Weights::Weights(std::string name, TensorMap tensors, Metadata metadata, std::vector<std::string> wrappers)
    : name_(std::move(name)),
      tensors_(std::move(tensors)),
      metadata_(std::move(metadata)),
      wrappers_(std::move(wrappers)) {
  std::stable_sort(wrappers_.begin(), wrappers_.end(), [](const auto& a, const auto& b) { return rank(a) < rank(b); });
}

// safetensors begins with the length of a JSON object and that object.
Weights Weights::open(const fs::path& path) {
  if (is_index(path)) return open_sharded(path);
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  if (const auto what = foreign_bytes(bytes, path)) throw FileError("weights", "{} {}", path.string(), *what);
  if (is_gguf(bytes) || path.extension() == ".gguf") return open_gguf(path);
  if (is_llama2c(bytes)) {
    const auto read = read_llama2c(bytes, file, path.string());
    return Weights(path.string(), in_file(read.tensors(), file), read.metadata());
  }
  const bool safetensors = bytes.size() > 8 && bytes[8] == std::byte{'{'};
  if (safetensors || path.extension() == ".safetensors") {
    auto parsed = SafetensorsFile::parse(bytes, file, path.string());
    return Weights(path.string(), in_file(parsed.tensors(), file), parsed.metadata());
  }
  auto parsed = TorchFile::parse(bytes, file, path.string());
  return Weights(path.string(), in_file(std::move(parsed.tensors), file), {}, std::move(parsed.groups));
}

Weights Weights::open(std::span<const fs::path> paths) {
  GRAFT_ASSERT(!paths.empty());
  if (paths.size() == 1) return open(paths.front());
  TensorMap all;
  Metadata metadata;
  for (const auto& path : paths) {
    const Weights shard = open(path);
    for (const auto& [name, view] : shard.tensors()) {
      if (!all.emplace(name, view).second) {
        throw FileError("weights", "{}: tensor '{}' stands in another of its {} files too.", path.string(), name,
                        paths.size());
      }
    }
    metadata.insert(shard.metadata().begin(), shard.metadata().end());
  }
  return Weights(paths.front().string(), std::move(all), std::move(metadata));
}

const TensorView* Weights::find(std::string_view name) const {
  return find_supported(tensors_, name, name_);
}

const TensorView& Weights::at(std::string_view name) const {
  if (const auto* view = find(name)) return *view;
  std::vector<std::string> known;
  for (const auto& [key, view] : tensors_)
    known.push_back(key);
  const auto near = nearest_name(name, known);
  throw FileError("weights", "{}: no tensor '{}' among its {}.{}", name_, name, tensors_.size(),
                  near ? fmt::format(" The nearest is '{}'.", *near) : "");
}

Weights Weights::unwrapped(std::string_view wrapper) const {
  const auto below = [](const TensorMap& tensors, const std::string& prefix) {
    TensorMap inner;
    for (auto at = tensors.lower_bound(prefix); at != tensors.end() && at->first.starts_with(prefix); ++at) {
      inner.emplace(at->first.substr(prefix.size()), at->second);
    }
    return inner;
  };
  TensorMap inner = wrapper.empty() ? tensors_ : below(tensors_, std::string(wrapper) + ".");
  if (inner.empty()) {
    throw FileError("weights", "{}: nothing below '{}'. It holds: {}.", name_, wrapper, fmt::join(wrappers_, ", "));
  }
  TensorMap bare = below(inner, "module.");
  return Weights(name_, bare.size() == inner.size() ? std::move(bare) : std::move(inner), metadata_);
}

Weights Weights::unwrapped() const {
  if (tensors_.empty()) return *this;
  if (wrappers_.empty()) return unwrapped("");
  const auto below_first = [&](const auto& tensor) { return tensor.first.starts_with(wrappers_.front() + "."); };
  const bool is_all = std::all_of(tensors_.begin(), tensors_.end(), below_first);
  return unwrapped(is_usual(wrappers_.front()) || is_all ? wrappers_.front() : "");
}

std::vector<fs::path> checkpoint_files(const fs::path& path) {
  if (!is_index(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& [shard, names] : read_index(path))
    files.push_back(shard);
  return files;
}

}  // namespace graft::io
