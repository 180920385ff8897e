// The page of what was segmented, put together from the folders that its stages wrote.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "graft/pipelines/segment_evaluate.h"
#include "graft/report/interval_chart.h"

namespace graft::cli {

// What a page is of. `folder` is what segment discover or train wrote, or holds masks that something else told; which
// it is, and what else belongs to it (the discovery that a training began with, its rounds), is found out from it.
struct SegmentationStory {
  std::string title;    // "graft segment discover"
  std::string command;  // to be typed again
  std::filesystem::path folder;
  const pipelines::SegmentEvaluation* scored = nullptr;  // of its masks, where the truth is known
  std::string truth = {};                                // where that lies
  std::vector<report::IntervalRow> stages = {};          // the mean IoU of each stage's masks, where the truth is known
};

// The folders whose masks led to those of `folder`, by what they are called on the page, the earliest first, `folder`
// itself the last.
std::vector<std::pair<std::string, std::filesystem::path>> mask_stages_of(const std::filesystem::path& folder);

void write_segmentation_report(const std::filesystem::path& file, const SegmentationStory& story);

}  // namespace graft::cli
