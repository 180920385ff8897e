// COCO's lists made a set: images, categories and annotations as they come, put together at the end (a file may name
// its images last). Used by every format that is written in COCO's words.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "graft/detection/findings.h"
#include "graft/detection/ids.h"
#include "graft/detection/json_fields.h"
#include "graft/detection/json_pieces.h"
#include "graft/detection/set.h"
#include "graft/detection/unknown_names.h"

namespace graft::detection {

class CocoRecords {
 public:
  CocoRecords(Set& set, Findings& findings) : set_(set), findings_(findings) {}

  void add_image(const JsonPieces& piece);
  void add_category(const JsonPieces& piece);
  void add_annotation(const JsonPieces& piece);
  // Of a list of captions (Chen et al. 2015, arXiv:1504.00325): it becomes one of the image's "captions".
  void add_caption(const JsonPieces& piece);
  // Ids made places; what names an image or category that is not there is left out.
  void finish();

 private:
  JsonFields::Answer id_of(const Value& value, std::int64_t& id);
  JsonFields::Answer ids_of(const Value& value, std::vector<std::int64_t>& ids);
  bool is_new(std::unordered_map<std::int64_t, Index>& ids, std::int64_t id, std::string_view what);
  void see_unknown(std::string_view list);
  void attach_captions();
  void number_texts();

  Set& set_;
  Findings& findings_;
  JsonFields fields_;
  Ids ids_;
  std::unordered_map<std::int64_t, Index> image_ids_, category_ids_;
  UnknownNames unknown_;
  std::size_t digits_ = 0;  // numbers written as texts
  struct Verified {         // of the image at this place
    Index image;
    std::vector<std::int64_t> negative, not_exhaustive;
  };
  std::vector<Verified> verified_;
  struct Named {
    std::int64_t image, category;
    std::uint64_t piece;
  };
  std::vector<Named> named_;  // beside Set::annotations
  struct Caption {
    std::int64_t image;
    std::uint64_t piece;
    Text members;
  };
  std::vector<Caption> captions_;
};

// Boxes of COCO's form: four numbers.
bool read_box(const Value& value, Box& box);

}  // namespace graft::detection
