// How a run read its data, as its configuration has it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "graft/engine/options.h"

namespace graft::engine {

// The data that a run was trained on; none where its folder has no configuration.
std::optional<DataOptions> data_of_run(const std::filesystem::path& run);

// The most tokens that a run read of a text, where it was told.
std::optional<int64_t> max_length_of_run(const std::filesystem::path& run);

// How a run's clips were read, as far as it was told.
data::ClipOptions clips_of_run(const std::filesystem::path& run);

// How a run's photos were read; `keep` where that is not known.
data::Exif exif_of_run(const std::filesystem::path& run);

}  // namespace graft::engine
