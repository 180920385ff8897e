// Finds the files that cannot be read before a run starts: they are refused, or left out by name, and never turned
// silently into black.
#pragma once

#include <filesystem>
#include <functional>
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

// Calls `read` for each file once, on `threads` threads or as many as can be started: those for which it throws, sorted
// by file. Stopped when a signal comes.
std::vector<BadFile> unreadable(
    const std::filesystem::path& root, const std::vector<std::string>& files, int threads,
    const std::function<void(const std::string& file, const std::filesystem::path& path)>& read);

// Decodes every photo once, each file once (and its mask, where it has one), on `threads` threads or as many as can be
// started; sorted by file. A cache keeps what was decoded for the epochs to come. Stopped when a signal comes.
std::vector<BadFile> check_images(const std::filesystem::path& root, const std::vector<std::string>& files, int threads,
                                  ImageCache* cache = nullptr);
std::vector<BadFile> check_images(const Dataset& dataset, const std::vector<Split>& splits, int threads,
                                  ImageCache* cache = nullptr);

// A DataError with the list, if there is anything on it. `reads`: what they are.
void refuse_bad_files(const std::string& name, const std::vector<BadFile>& bad, Reads reads = Reads::photo);

// refuse: as above. skip: the data set without them; a DataError if that empties a class of train.
Dataset without_bad_files(Dataset dataset, const std::vector<BadFile>& bad, OnBadFile policy);

}  // namespace graft::data
