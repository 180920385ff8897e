// Finds the photos that cannot be decoded before a run starts: they are refused, or left out by name, and never turned
// silently into black.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graft/data/dataset.h"
#include "graft/data/image_cache.h"

namespace graft::data {

enum class OnBadFile { refuse, skip };
std::vector<std::pair<OnBadFile, std::string>> choices(OnBadFile);

struct BadFile {
  std::string file;  // as the sample names it
  std::string reason;
};

// Decodes every photo of the splits once, each file once, on `threads` threads; sorted by file. A cache keeps what was
// decoded for the epochs to come.
std::vector<BadFile> check_images(const Dataset& dataset, const std::vector<Split>& splits, int threads,
                                  ImageCache* cache = nullptr);

// refuse: a DataError with the list. skip: the data set without them; a DataError if that empties a class of train.
Dataset without_bad_files(Dataset dataset, const std::vector<BadFile>& bad, OnBadFile policy);

}  // namespace graft::data
