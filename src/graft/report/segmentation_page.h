// The page of `graft segment discover`, `train` and `evaluate`: for the same photos what each stage made of them, side
// by side; clusters as rows of crops; how rounds of training went; and, where the truth is known, how good it is, stage
// by stage, and what is taken for what. What is empty has no place on the page.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graft/report/chart.h"
#include "graft/report/confusion_matrix.h"
#include "graft/report/contact_sheet.h"
#include "graft/report/html.h"
#include "graft/report/interval_chart.h"

namespace graft::report {

// Of a cluster's crops whose true class is known, how many are of the class that most of them are of.
struct Purity {
  std::string of_class;
  int64_t of_most = 0, known = 0;
};

struct ClusterRow {
  std::string name;
  Colour colour = {};
  std::string remark;  // "41 crops, 33 of the core"
  std::optional<Purity> purity = {};
  std::vector<std::string> crops;  // nearest to the centre first
};

struct SegmentationPage {
  std::string title;     // "graft segment discover"
  std::string subtitle;  // photos, model
  std::string command;
  std::string headline = {}, said = {};  // "34.5 %" and of what
  IntervalChart scores = {};             // of each stage
  ContactSheet photos = {};
  std::vector<ClusterRow> clusters = {};
  std::vector<LineChart> rounds = {};
  ConfusionMatrix confusion = {};
  std::vector<IntervalRow> classes = {};  // their intersection over union
  Facts facts = {};
};

std::string to_html(const SegmentationPage& page);

}  // namespace graft::report
