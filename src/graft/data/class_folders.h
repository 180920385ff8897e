// Folders of classes: SPLIT/CLASS/x, or CLASS/x with a seeded split. A class is called as its folder, whatever lies
// deeper belongs to it too. Whether a folder called train is a split or a class is told by what lies in it.
#pragma once

#include <filesystem>

#include "graft/data/file_walk.h"
#include "graft/data/listing.h"

namespace graft::data {

struct ClassFolders {
  Listing listing;  // each record's input is its file
  LeftOut left;
};

// What a walk below `path` found, by class and split. `format` names the format for errors. A folder of texts that is
// called unsup beside other classes (aclImdb's: Maas et al. 2011) holds texts that have no class: it is left.
ClassFolders class_folders(const std::filesystem::path& path, std::string_view format, Walk walk,
                           const DatasetOptions& options);

// The data set, with what was left among its remarks.
Dataset assemble(ClassFolders folders, const DatasetOptions& options);

}  // namespace graft::data
