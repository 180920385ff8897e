#include "graft/io/model_folder.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "graft/core/error.h"

namespace graft::io {
namespace {

namespace fs = std::filesystem;

// The names that the libraries give to a model's weights, in the order in which they themselves prefer them.
constexpr std::array<std::string_view, 8> kWeightFiles{"model.safetensors",
                                                       "model.safetensors.index.json",
                                                       "open_clip_model.safetensors",
                                                       "pytorch_model.bin",
                                                       "pytorch_model.bin.index.json",
                                                       "open_clip_pytorch_model.bin",
                                                       "open_clip_pytorch_model.safetensors",
                                                       "model.pt"};

constexpr std::array<std::string_view, 7> kWeightEndings{".safetensors", ".pt",   ".pth", ".th",
                                                         ".bin",         ".ckpt", ".gguf"};

// What a folder without a model's weights is meant for; empty: nobody knows.
std::string other_folder(const fs::path& folder) {
  constexpr std::array<std::string_view, 7> kPhotos{".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif"};
  constexpr std::array<std::string_view, 5> kForeign{".onnx", ".h5", ".msgpack", ".npz", ".tflite"};
  constexpr int kLooked = 2000;  // files
  std::error_code ignored;
  if (fs::exists(folder / "adapter_config.json", ignored) || fs::exists(folder / "config.yaml", ignored)) {
    const bool run = fs::exists(folder / "config.yaml", ignored);
    return fmt::format(
        "{} is {} and no model. `graft evaluate {}` and `graft predict {}` use it, --adapter puts it on a model, and "
        "`graft merge` makes a model of it.",
        folder.string(), run ? "a run of graft's" : "an adapter", folder.string(), folder.string());
  }
  int looked = 0;
  std::string foreign;
  bool photos = false;
  auto at = fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied, ignored);
  for (; !ignored && at != fs::recursive_directory_iterator() && ++looked < kLooked; at.increment(ignored)) {
    auto ending = at->path().extension().string();
    std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return std::tolower(c); });
    photos = photos || std::find(kPhotos.begin(), kPhotos.end(), ending) != kPhotos.end();
    if (at.depth() == 0 && std::find(kForeign.begin(), kForeign.end(), ending) != kForeign.end())
      foreign = at->path().filename().string();
  }
  if (!foreign.empty()) {
    return fmt::format(
        "{} holds {}, which graft does not read, and no weights of PyTorch's. Save the model as "
        "safetensors.",
        folder.string(), foreign);
  }
  if (photos) return fmt::format("{} holds photos and no model. Photos are named with --data.", folder.string());
  return {};
}

fs::path choose_weights(const fs::path& folder) {
  std::error_code ignored;
  for (const auto name : kWeightFiles) {
    if (fs::is_regular_file(folder / name, ignored)) return folder / name;
  }
  if (fs::exists(folder / "adapter_config.json", ignored)) throw FileError("model", "{}", other_folder(folder));
  std::set<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder, fs::directory_options::skip_permission_denied, ignored)) {
    const auto ending = entry.path().extension().string();
    if (entry.is_regular_file(ignored) &&
        std::find(kWeightEndings.begin(), kWeightEndings.end(), ending) != kWeightEndings.end()) {
      found.insert(entry.path());
    }
  }
  if (found.size() == 1) return *found.begin();
  if (found.empty()) {
    if (const auto what = other_folder(folder); !what.empty()) throw FileError("model", "{}", what);
    throw FileError("model", "{} holds no weights: expected {}, or one file *{}.", folder.string(),
                    kWeightFiles.front(), fmt::join(kWeightEndings, " *"));
  }
  std::vector<std::string> names;
  for (const auto& path : found)
    names.push_back(path.filename().string());
  throw FileError("model", "{} holds several checkpoints: {}. Name one of them.", folder.string(),
                  fmt::join(names, ", "));
}

// transformers 5 saves a CLIP's as an object inside processor_config.json, and prefers it there.
std::optional<JsonObject> read_preprocessor(const fs::path& folder) {
  if (const auto all = JsonObject::read(folder / "processor_config.json")) {
    if (auto images = all->find_object("image_processor")) return images;
  }
  return JsonObject::read(folder / "preprocessor_config.json");
}

}  // namespace

ModelFolder ModelFolder::at(const fs::path& path) {
  std::error_code ignored;
  ModelFolder folder;
  folder.path = path;
  if (!fs::exists(path, ignored)) throw FileError("model", "{} does not exist.", path.string());
  if (fs::is_directory(path, ignored)) {
    folder.modules = JsonObject::read_list(path / "modules.json");
    folder.inside = path;
    const auto inner = folder.modules.empty() ? "" : folder.modules.front().get("path", std::string());
    if (!inner.empty()) folder.inside /= inner;
    folder.config = JsonObject::read(folder.inside / "config.json");
    folder.open_clip_config = JsonObject::read(folder.inside / "open_clip_config.json");
    folder.preprocessor_config = read_preprocessor(folder.inside);
    folder.weights = choose_weights(folder.inside);
  } else {
    folder.weights = path;
  }
  folder.weight_files = checkpoint_files(folder.weights);
  return folder;
}

}  // namespace graft::io
