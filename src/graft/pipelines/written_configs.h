// Descriptions of models whose files had none, in the words of the library whose names their tensors have.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "graft/pipelines/merged_description.h"

namespace graft::pipelines {

// By file name. What the library's description has no place for is a ModelError.
std::map<std::string, nlohmann::json> new_configs(models::Model& model, const io::Weights& weights, Library library);
// open_clip's preprocess_cfg.
nlohmann::json new_preprocess_cfg(const data::Preprocessing& preprocessing);
// transformers' preprocessor_config.json.
nlohmann::json new_processor(const data::Preprocessing& preprocessing);

}  // namespace graft::pipelines
