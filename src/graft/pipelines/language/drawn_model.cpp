#include "graft/pipelines/language/drawn_model.h"

#include "graft/core/error.h"
#include "graft/engine/compute_threads.h"
#include "graft/engine/session.h"
#include "graft/io/hub.h"
#include "graft/models/decoder/initial_weights.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/merged_description.h"

namespace graft::pipelines::language {
namespace {

io::ModelFolder description_at(const std::filesystem::path& path) {
  io::ModelFolder folder;
  folder.path = folder.inside = path;
  if (std::filesystem::is_directory(path)) folder.config = io::JsonObject::read(path / "config.json");
  if (!folder.config) {
    throw FileError("model",
                    "{}: what is drawn from scratch is described by a folder with a config.json of transformers' and "
                    "a tokenizer. Name such a folder.",
                    path.string());
  }
  return folder;
}

}  // namespace

DrawnModel::DrawnModel(const engine::ModelOptions& options, uint64_t seed, const engine::Host& host, Reporter& report)
    : described_(description_at(io::resolve_model(options.model, host.environment))),
      weights_(models::decoder::initial_weights(*described_.config, described_.path.string(),
                                                Random(seed).fork("weights"))) {
  engine::set_compute_threads(options.threads, host, report);
  model_ = models::load_model(described_, weights_, {.precision = engine::choose_precision(options.precision)});
  model_->freeze_all_but({});
  engine::report_model(*model_, "model", "drawn", report);
}

void DrawnModel::write(const std::filesystem::path& folder) const {
  nn::write_tensors(folder / "model.safetensors", model_->to_checkpoint(), {{"format", "pt"}});
  write_descriptions(described_, weights_, *model_, {}, folder);
}

}  // namespace graft::pipelines::language
