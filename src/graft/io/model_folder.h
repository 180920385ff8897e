// A model on disk: its weights, and the JSON files that say what it is. A lone checkpoint has no JSON; its sizes are
// then inferred from its tensors by whoever builds the model. A folder of sentence-transformers lists modules, of which
// the first is the model, in the folder itself or in one inside it ("0_Transformer").
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "graft/io/hub.h"
#include "graft/io/json_object.h"
#include "graft/io/weights.h"

namespace graft::io {

struct ModelFolder {
  std::filesystem::path path;                       // the folder, or the lone file
  std::filesystem::path inside;                     // the folder that the model's own files lie in; empty: a lone file
  std::vector<JsonObject> modules;                  // modules.json (sentence-transformers); empty: there is none
  std::optional<JsonObject> config;                 // config.json (transformers, timm)
  std::optional<JsonObject> open_clip_config;       // open_clip_config.json
  std::optional<JsonObject> preprocessor_config;    // preprocessor_config.json, or the part of processor_config.json
  std::filesystem::path weights;                    // the checkpoint to open, or the index of its shards
  std::vector<std::filesystem::path> weight_files;  // the files with its bytes: one, or all shards

  // A folder without weights, or with several checkpoints and no telling which, is a FileError.
  static ModelFolder at(const std::filesystem::path& path);
  static ModelFolder find(std::string_view typed, const Environment& environment) {
    return at(resolve_model(typed, environment));
  }

  Weights open() const { return Weights::open(weights); }
};

}  // namespace graft::io
