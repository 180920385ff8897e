// The page of `graft segment discover`: for the same photos what each stage made of them, side by side, and the
// clusters as rows of crops.
#pragma once

#include <string>
#include <vector>

#include "graft/report/html.h"

namespace graft::report {

// A photo through the stages; pictures as data_uri() writes them, empty where a stage gave none.
struct StagePictures {
  std::string name;
  std::string photo, saliency, region, mask;
  std::string remark;  // "cluster 3", or why it was left out
};

struct ClusterRow {
  std::string name;
  std::string remark;              // "41 crops, 33 of the core"
  std::vector<std::string> crops;  // nearest to the centre first
};

struct DiscoveryPage {
  std::string subtitle;  // photos, model
  std::string command;
  Facts facts;
  std::vector<StagePictures> photos;
  std::vector<ClusterRow> clusters;
};

std::string to_html(const DiscoveryPage& page);

}  // namespace graft::report
