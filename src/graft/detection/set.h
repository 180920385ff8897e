// A set of images with boxes, as every format is read into and written out of (COCO: Lin et al. 2014, arXiv:1405.0312;
// LVIS: Gupta et al. 2019, arXiv:1908.03195; OpenImages: Kuznetsova et al. 2018, arXiv:1811.00982; Objects365: Shao et
// al. 2019). Images, categories and annotations lie in vectors in their file's order and name each other by place; ids
// are what files call them. Masks, keypoints and keys that nobody knows are carried as text and written again.
//
// What an image tells of a class is one of four things, and plain COCO has only the first two:
//   positive        there are boxes, all of them
//   negative        verified to have none
//   not exhaustive  there are boxes, perhaps not all
//   unknown         nobody looked: neither a detection nor its absence is a mistake
// known(image) is the first three together; all classes of a COCO file are known in all its images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graft/detection/carried.h"

namespace graft::detection {

using Index = std::uint32_t;  // a place in a vector of the set
constexpr Index kNone = std::numeric_limits<Index>::max();

// In pixels, the corner that is nearest to the image's first pixel, then width and height (COCO's order). No + 1.
struct Box {
  double x = 0, y = 0, width = 0, height = 0;
  double area() const { return width * height; }
  friend bool operator==(const Box&, const Box&) = default;
};

struct Category {
  std::int64_t id = 0;
  std::string name;
  std::string supercategory;          // empty: none told
  std::string synset;                 // WordNet's, "oven.n.01" (LVIS); or OpenImages' machine id, "/m/029bxz"
  std::vector<std::string> synonyms;  // LVIS's, the name perhaps among them
  std::string definition;             // LVIS's `def`
  char frequency = 0;                 // LVIS's r, c, f by training images; 0: none told
  std::string rest;                   // other keys as they stand in the file: "\"image_count\":64,\"skeleton\":[]"
};

// Sets of classes that many images share, each held once.
class ClassSets {
 public:
  static constexpr Index kAll = 0, kEmpty = 1;
  ClassSets();
  // Sorted, each once.
  Index add(std::vector<Index> classes);
  // Not for kAll, which has no list: it is every class that there is and will be.
  const std::vector<Index>& at(Index set) const { return *sets_[set]; }
  bool has(Index set, Index category) const;
  std::size_t size() const { return sets_.size(); }

 private:
  std::vector<const std::vector<Index>*> sets_;
  std::map<std::vector<Index>, Index> places_;
};

struct Image {
  std::int64_t id = 0;
  std::string file;                    // relative to the photos' folder, / between folders; empty: none told
  std::int32_t width = 0, height = 0;  // 0: not told
  Index source = 0;                    // place in Set::sources
  Index known = ClassSets::kAll;       // place in Set::class_sets: positive, negative and not exhaustive classes
  Index open = ClassSets::kEmpty;      // those that are not exhaustive
  Text rest = kNoText;                 // other keys: a url, a licence, a date
};

struct Annotation {
  std::int64_t id = 0;            // 0: the format has none
  Index image = 0, category = 0;  // places
  Box box;
  double area = 0;        // of its mask where there is one (COCO), else of its box
  Text shape = kNoText;   // COCO's `segmentation`, as JSON
  Text rest = kNoText;    // other keys: keypoints, attributes
  bool crowd = false;     // COCO's iscrowd: a region of many; any detection in it is no mistake
  bool group_of = false;  // OpenImages' IsGroupOf: five or more in one box, to be found once
};

// Where images came from: one of a file that was read, several after a merge.
struct Source {
  std::string name;    // "coco": what the user calls it, or the file's stem
  std::string format;  // "coco", "lvis", "openimages" ...
  std::filesystem::path file;
};

struct Set {
  std::vector<Source> sources;
  std::vector<Category> categories;
  std::vector<Image> images;
  std::vector<Annotation> annotations;
  ClassSets class_sets;
  std::shared_ptr<CarriedText> carried = std::make_shared<CarriedText>();
  std::string rest;  // other keys of the whole file (info, licenses), as JSON members without braces

  // LVIS's rules for scores, and those of merged sets: some class is unknown, or not exhaustive, in some image.
  bool federated() const;
};

// The classes that have boxes in each image, sorted, each once.
std::vector<std::vector<Index>> classes_by_image(const Set& set);

// What a detector says, read against a set's images and categories.
struct Detection {
  Index image = 0, category = 0;
  Box box;
  double score = 0;
  Text shape = kNoText;  // in Detections::carried
};
struct Detections {
  std::vector<Detection> detections;  // in the file's order
  std::shared_ptr<CarriedText> carried = std::make_shared<CarriedText>();
};

}  // namespace graft::detection
