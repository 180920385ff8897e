// run.json: what a run must not forget between the processes that it runs in. By it a run is known again, and its
// report tells the whole run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "graft/engine/run_config.h"

namespace graft::engine {

struct RunRecord {
  RunIdentity identity;
  std::string command;  // the first, as typed
  std::string machine;  // what the last bits hang on beside that: build, instruction set, threads
  double seconds = 0;   // encoding, training and testing, of all its processes that came to an end
  double train_seconds = 0;
  int64_t legs = 1;  // processes
};

std::string machine_of_this_run();  // "build ..., AVX512, 2 threads"

std::string to_json(const RunRecord& record);
// Nothing where the run was begun by a graft that kept none. FileError for one that is damaged.
std::optional<RunRecord> read_run_record(const std::filesystem::path& folder);

// Throws where a run that is to go on would not be the same: DataError for other photos or classes, ModelError for
// another model or
// teacher, ConfigError for other options.
void check_same_run(const std::filesystem::path& folder, const RunIdentity& then, const RunIdentity& now);

}  // namespace graft::engine
