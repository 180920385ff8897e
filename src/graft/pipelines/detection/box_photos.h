// A set of boxes as a detector is trained and scored on it: photos that are read once and kept at the size that the
// network reads, and what is told of each.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/log.h"
#include "graft/core/random.h"
#include "graft/detection/set.h"
#include "graft/models/fcos/photo_fit.h"
#include "graft/models/fcos/training_loss.h"

namespace graft::pipelines {

// What the absence of a class that nobody looked for in a photo is to training.
enum class Unlooked {
  masked,      // nothing: it is not asked
  background,  // a proof that there is none, as plain COCO has it
};
std::vector<std::pair<Unlooked, std::string>> choices(Unlooked);

// Random changes of a training photo.
struct PhotoChanges {
  bool flip = false;   // left and right, in half of all cases
  bool scale = false;  // by 0.75 to 1.25; what then reaches over the edge is cut at a random place
};

class BoxPhotos {
 public:
  struct Source {
    std::filesystem::path labels;       // any format of detection/
    std::filesystem::path photos = {};  // their folder; empty: beside the labels, or as the set says
  };
  // `classes`: names of the set's that are to be told, in their order; empty: all. `side`: of the square that a photo
  // is fitted into, a multiple of 32. DataError for a set that cannot be read whole, a class that it lacks, and photos
  // that are not there.
  BoxPhotos(const Source& source, const std::vector<std::string>& classes, int64_t side, Reporter& report);

  int64_t size() const { return static_cast<int64_t>(set_->images.size()); }
  const detection::Set& set() const { return *set_; }
  const std::shared_ptr<detection::Set>& shared_set() const { return set_; }
  const std::vector<detection::Index>& categories() const { return categories_; }  // of each class, in the set
  std::vector<std::string> class_names() const;
  std::filesystem::path file(int64_t i) const;
  std::string hash() const;  // of the labels, the choice of classes and every photo's bytes

  struct Example {
    at::Tensor pixels;  // [3, side, side], zeros to the right and below
    models::fcos::KnownBoxes known;
  };
  Example example(int64_t i) const;
  Example example(int64_t i, const PhotoChanges& changes, Random random) const;
  const models::fcos::FittedPhoto& photo(int64_t i) const;
  at::Tensor looked_for(int64_t i, Unlooked unlooked) const;  // [K] bool
  int64_t side() const { return side_; }

 private:
  std::filesystem::path root_;
  int64_t side_;
  std::string labels_hash_;
  std::shared_ptr<detection::Set> set_;
  std::vector<detection::Index> categories_;
  std::vector<std::vector<detection::Index>> annotations_;  // of each image
  mutable std::vector<models::fcos::FittedPhoto> kept_;
};

}  // namespace graft::pipelines
