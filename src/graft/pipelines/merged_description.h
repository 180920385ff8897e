// The files beside a merged model's weights, from which a library, or graft, reads it as it was used: those of the
// base, with the image size that the run was trained at; and for a base that had none, its layout's own.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "graft/io/model_folder.h"
#include "graft/models/model.h"

namespace graft::pipelines {

// Whose files and whose weights' names these are.
enum class Library { open_clip, transformers, timm };
Library library_of(const models::ModelInfo& info);

// Where a trained head goes in config.json.
struct HeadDescription {
  std::string architecture;          // transformers' class; empty for timm
  std::vector<std::string> classes;  // none: no head was placed
};

// Whether positions are to be written as the model's input needs them: somebody asked for another size than the base's.
bool is_resized(const models::ModelInfo& info);

// Whether weights of this base get a description that it did not have. DINO's and DINOv2's own code has none: their
// files are known by their tensors, at their own size.
bool needs_description(const io::ModelFolder& base, const models::ModelInfo& info);

// Names of what was written.
std::vector<std::string> write_descriptions(const io::ModelFolder& base, const io::Weights& weights,
                                            models::Model& model, const HeadDescription& head,
                                            const std::filesystem::path& folder);

}  // namespace graft::pipelines
