// Sets of boxes side by side as one HTML file: their tails, sizes and forms, what stands where and beside what, what a
// sampler would change, and photos that are there twice.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace graft::report {

struct SurveyedSet {
  std::string name;
  std::vector<std::pair<std::string, std::string>> facts;         // in the same order for all sets
  std::vector<std::size_t> boxes_of;                              // by class
  std::vector<std::size_t> share, aspect, per_image;              // histograms
  std::vector<std::size_t> centres;                               // [side, side]
  std::vector<std::pair<std::string, std::vector<double>>> seen;  // by sampler: by class, its share of images
  struct Row {
    std::vector<std::string> cells;
  };
  std::vector<Row> classes;  // class, boxes, images, looked for in
  std::vector<Row> pairs;    // class, class, images, times as often as by chance
};
struct SurveyedAgreement {
  std::string title, sentence;
  std::vector<SurveyedSet::Row> names;  // class, class, boxes
};
struct SamePictures {
  std::string first, second, how;         // names, "the same bytes", "looks the same"
  std::string first_image, second_image;  // as data_uri() writes them; empty: only named
};

std::string survey_page(const std::vector<SurveyedSet>& sets, const std::vector<std::string>& per_image_names,
                        const std::vector<SurveyedAgreement>& agreements, const std::vector<SamePictures>& same,
                        std::size_t same_in_all);

}  // namespace graft::report
