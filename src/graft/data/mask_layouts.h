// The folders that photos with masks come in, one entry a layout: where photos and masks lie, how a mask is called
// after its photo, and what the masks' numbers mean where a list of classes does not say it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graft/data/mask_classes.h"
#include "graft/data/problems.h"

namespace graft::data {

// Relative to the root.
struct MaskSide {
  std::string photos, masks;
  std::string split = {};  // of all of them; empty: as the folders in it say, where these are splits
};

struct MaskLayout {
  std::string_view looks;  // "images/x.jpg with masks/x.png", for whoever has another
  // Where it lies below a root; none: this is another layout.
  std::vector<MaskSide> (*sides)(const std::filesystem::path& root);
  // A photo's mask below its side's masks/.
  std::string (*mask_of)(const std::filesystem::path& photo);
  // Its own numbers; none: only classes.txt or --classes can say.
  std::optional<MaskClasses> (*classes)(const std::filesystem::path& root, Problems& problems);
  bool has_lists = false;        // ImageSets/Segmentation/SPLIT.txt deal the photos to splits
  std::string_view remark = {};  // of what is left out on purpose
};

// The first that fits is taken.
const std::vector<MaskLayout>& mask_layouts();

}  // namespace graft::data
