// How a run read its data and its model, as its files have it. A run is named as in named_adapter.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "graft/core/log.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/options.h"

namespace graft::engine {

// The data that a run was trained on; none where its folder has no configuration.
std::optional<DataOptions> data_of_run(const std::filesystem::path& named);

// The most tokens that a run read of a text, where it was told.
std::optional<int64_t> max_length_of_run(const std::filesystem::path& run);

// How clips are read: as asked; else as the run read them, with as many `frames` as its adapter says
// (1: not of clips).
data::ClipOptions clips_for(const data::ClipOptions& asked, const std::filesystem::path& run, int64_t frames);

// `options` with the model, image size and precision that a run was trained with where they say nothing; another image
// size than the run's is noted.
ModelOptions model_of_run(const AdapterInfo& info, ModelOptions options, Reporter& report);

// How a run's photos were read; `keep` where that is not known.
data::Exif exif_of_run(const std::filesystem::path& named);

}  // namespace graft::engine
