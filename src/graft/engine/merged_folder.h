// What graft knows of a merged folder beside the model itself: graft.json says which classes the run knew, how its
// classifier works and which files are the merge's; head.safetensors holds a linear head. A merged folder is used where
// a run is: its base is itself, and nothing is put into it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "graft/methods/method.h"

namespace graft::engine {

inline constexpr const char* kMergedFile = "graft.json";

bool is_merged(const std::filesystem::path& folder);
// The files that a merge wrote into `folder`, itself included; none for any other folder.
std::vector<std::string> merged_files(const std::filesystem::path& folder);

// The run's method with its inserts gone: the classifier reads what it read.
std::unique_ptr<methods::Method> merged_method(std::unique_ptr<methods::Method> method);

}  // namespace graft::engine
