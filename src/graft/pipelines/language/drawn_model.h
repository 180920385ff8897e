// A language model of which there is a description and nothing that was learned: it is drawn, and once it is trained
// written as a model of its own.
#pragma once

#include <filesystem>
#include <memory>

#include "graft/core/log.h"
#include "graft/engine/options.h"
#include "graft/io/model_folder.h"
#include "graft/io/weights.h"
#include "graft/models/model.h"

namespace graft::pipelines::language {

class DrawnModel {
 public:
  // Of a folder with transformers' config.json; weights in it are not read. FileError where there is no such folder,
  // ModelError where it describes no language model that graft knows. Says what was drawn, as "model".
  DrawnModel(const engine::ModelOptions& options, uint64_t seed, const engine::Host& host, Reporter& report);

  const std::shared_ptr<models::Model>& model() const { return model_; }
  // The model as it now is, as a folder that graft and transformers read: model.safetensors, and the files of
  // description that it was drawn from.
  void write(const std::filesystem::path& folder) const;

 private:
  io::ModelFolder described_;
  io::Weights weights_;
  std::shared_ptr<models::Model> model_;
};

}  // namespace graft::pipelines::language
