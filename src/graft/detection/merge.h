// Many sets made one by a mapping of their classes, without making one set's unlabelled objects another's background:
// each image keeps which targets were looked for in it (Set::Image::known, open). The rules:
//   equal     the target is known where the class is known, not exhaustive where it is not; of several equal classes
//             all must be known
//   narrower  its boxes make the target positive and not exhaustive, unless an equal class knows it, or rows that are
//             the whole target together are all known
//   broader   has no boxes to give; where it is verified to be absent, so is the target
// Images that are one photo byte for byte, or by one URL, become one image with the boxes of both; boxes of one target
// that nearly coincide there become one. Everything keeps where it came from ("sources"), so that unmerge() gives each
// set back.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "graft/detection/findings.h"
#include "graft/detection/mapping.h"
#include "graft/detection/photo_identity.h"
#include "graft/detection/set.h"

namespace graft::detection {

struct MergeOptions {
  bool drop_ambiguous = false;   // classes that nobody decided; else they are refused
  bool drop_near = false;        // photos that look like one of an earlier set; else they are told
  bool drop_leaks = false;       // photos of the sets to evaluate on; else they are refused
  double same_box = 0.85;        // IoU from which two boxes of a target in one photo are one
  std::filesystem::path beside;  // folder of the merged file: photos are named from there
};

struct MergedSource {
  std::string name;
  std::size_t images = 0, boxes = 0;  // that came
  std::size_t kept_boxes = 0;         // of targets
  std::size_t dropped_boxes = 0;      // of classes that are dropped
  std::size_t joined_images = 0;      // with one of an earlier set
  std::size_t joined_boxes = 0;
  std::size_t left_images = 0;        // near ones and leaks
  std::vector<std::size_t> boxes_of;  // by target
};

class Merger {
 public:
  Merger(const Mapping& mapping, MergeOptions options);
  ~Merger();

  // Photos that must not be trained on. `photos` empty: they are told by URLs alone.
  void keep_out(const std::string& name, const Set& set, const std::filesystem::path& photos);
  // DataError where the mapping does not fit the set, or a photo is one that is kept out.
  void add(const std::string& name, const Set& set, const std::filesystem::path& photos);
  Set finish();

  const std::vector<MergedSource>& sources() const { return sources_; }
  const Findings& findings() const { return findings_; }

 private:
  struct Knowledge;  // what a source's rows say of targets
  void add_boxes(const std::string& quoted, const Set& set, const std::vector<const MappingRow*>& rows,
                 const std::vector<Index>& image_of, MergedSource& source);

  const Mapping& mapping_;
  MergeOptions options_;
  Set merged_;
  std::map<std::string, Index> target_of_;
  std::vector<MergedSource> sources_;
  Findings findings_;
  PhotoIdentities trained_, kept_out_;
  std::vector<std::string> image_sources_;           // JSON, by merged image
  std::map<std::size_t, std::string> joined_boxes_;  // JSON of what joined later, by merged box
  std::string set_sources_;                          // JSON
};

// Of a merged set that was read: its sources by name, and each image's, the first where it has several. False for a set
// that does not say.
bool restore_sources(Set& set);

// The sets that a merged one was made of, by name, without what the merge dropped. DataError for a set that does not
// say where its images came from.
std::vector<std::pair<std::string, Set>> unmerge(const Set& merged);

}  // namespace graft::detection
