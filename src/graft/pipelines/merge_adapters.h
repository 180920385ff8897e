// Several adapters of one base made one adapter, which is read, folded and given to PEFT as any other.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/options.h"
#include "graft/pipelines/merge.h"

namespace graft::pipelines {

struct MergedAdapter {
  int64_t maps = 0;  // that it changes
  int64_t rank = 0;
  std::string head;                  // how it tells classes
  std::vector<std::string> classes;  // empty: it has no classifier
  std::filesystem::path folder;
};

// Each run with its weight, "runs/a:0.7" (1 where none is said). Class prompts serve the classes of all; linear heads
// of the same classes are averaged by the weights; else what is written has no classifier, as of PEFT's. A folder
// appears only once it has been read back. ConfigError and ModelError for runs that do not add, by name.
MergedAdapter merge_adapters(const std::vector<std::string>& runs, const MergeOptions& options,
                             const engine::Host& host, Reporter& report);

}  // namespace graft::pipelines
