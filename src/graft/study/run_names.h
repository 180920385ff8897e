// Which run of which method a file of predictions is, by its place and name, and which runs of two methods are a pair.
//
//   lora.csv vpt.csv                              methods lora and vpt, one run each
//   lora/seed1.csv lora/seed2.csv vpt/seed1.csv   files of several folders: the folder's name is the method's
//   runs/lora/predictions.jsonl runs/vpt/...      files of one name: folders take the files' place
//   lora_seed1.csv lora_seed2.csv vpt_seed1.csv   in one folder, with a seed: what stands before it is the method
//   lora_seed1.csv lora_seed2.csv zero-shot.csv   one file without a seed is its method's only run, and goes with each
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace graft::study {

struct RunNames {
  struct Run {
    std::string method;
    int64_t seed = 0;  // 0: the only one of its method
  };
  std::vector<Run> runs;             // a file each
  std::vector<std::string> methods;  // in the order of their first files
  std::vector<int64_t> seeds;
  std::set<std::string> once = {};  // methods of one run, where others have several
  std::string said;                 // by what runs pair
};

// ConfigError where there are no two methods, where a run is there twice, or where runs do not pair: it lists what each
// method has.
RunNames name_runs(const std::vector<std::filesystem::path>& files);

}  // namespace graft::study
