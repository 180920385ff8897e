// Which files of a folder are the lists of which split, by the words in their names: train.txt, testlist01.txt,
// kinetics400_val_list_videos.txt.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graft/data/dataset.h"

namespace graft::data {

struct SplitList {
  std::filesystem::path file;
  std::string split;  // as the options call it; empty where one file is the whole
};

struct SplitLists {
  std::vector<SplitList> lists;
  std::vector<std::string> notes = {};  // of several for one split the first is taken
};

// The split that a list's name speaks of, UCF101's "trainlist01" too: "train", "val" or "test"; empty for none.
std::string split_of_list(const std::string& stem);

// An option that names a file's stem goes before words.
SplitLists split_lists(const std::vector<std::filesystem::path>& files, const DatasetOptions& options);

}  // namespace graft::data
