#include "graft/pipelines/language/drawn_model.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "graft/core/error.h"
#include "graft/core/quantities.h"
#include "graft/engine/compute_threads.h"
#include "graft/io/hub.h"
#include "graft/models/decoder/initial_weights.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/merged_description.h"
#include "graft/tensor/precision.h"

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
  const auto precision =
      options.precision == "auto" ? tensor::default_precision() : tensor::parse_precision(options.precision);
  model_ = models::load_model(described_, weights_, {.precision = precision});
  model_->freeze_all_but({});
  const auto& info = model_->info();
  const auto threads = at::get_num_threads();
  report.line("model", fmt::format("{} · {} · {} drawn ({}, {} thread{})", info.source, info.description,
                                   format_count(info.parameters), tensor::to_string(precision), threads,
                                   threads == 1 ? "" : "s"));
  for (const auto& note : info.notes)
    report.note(note);
}

void DrawnModel::write(const std::filesystem::path& folder) const {
  nn::write_tensors(folder / "model.safetensors", model_->to_checkpoint(), {{"format", "pt"}});
  write_descriptions(described_, weights_, *model_, {}, folder);
}

}  // namespace graft::pipelines::language
