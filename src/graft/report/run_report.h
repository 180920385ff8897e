// The report of one run, as one HTML file: what was run and how to run it again, how good it is and how sure that is,
// where it fails, what it cost. Plain numbers come in; whoever has them (the command line) puts them together.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "graft/report/chart.h"
#include "graft/report/confusion_matrix.h"
#include "graft/report/contact_sheet.h"
#include "graft/report/html.h"

namespace graft::report {

struct ClassScore {
  std::string name;
  int64_t correct = 0;
  int64_t count = 0;
};

struct Mistake {
  std::string file;
  std::string truth;
  std::string predicted;
  double probability = 0;
  std::vector<std::string> images = {};  // as data_uri() writes them, of a clip its frames in order; none: only named
  // Of a text its words, and how much each speaks for what was predicted, from -1 to 1.
  std::vector<std::pair<std::string, double>> words = {};
};

struct Confusion {
  size_t truth = 0, predicted = 0;  // places among the classes
  int64_t photos = 0;
};

// Of a run on masks.
struct ClassArea {
  std::string name;
  double iou = 0;    // intersection over union
  double share = 0;  // of the pixels whose class is known
};

struct RunReport {
  std::string title;     // "lora on pets"
  std::string subtitle;  // model, data
  std::string command;
  std::string unit = "photos";  // what examples are called
  std::string scores = {};      // in words, where there are no classes to count
  int64_t correct = 0, count = 0;
  double mean_per_class = 0;
  std::vector<LineChart> charts;
  std::vector<ClassScore> classes;
  std::vector<Confusion> confusion;   // of the pairs that occur, right ones too
  std::vector<Mistake> mistakes;      // the most confident ones first
  ContactSheet masks = {};            // of a run on masks some photos, what is told of them, and the truth
  std::vector<ClassArea> areas = {};  // likewise, and what their pixels are taken for
  ConfusionMatrix pixels = {};
  Facts cost;
  Facts environment;
  Facts options;
};

std::string to_html(const RunReport& report);

}  // namespace graft::report
