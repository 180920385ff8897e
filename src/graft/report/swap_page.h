// The page of `graft segment swap`: how far answers move with the background, and photos on other backgrounds with what
// is then answered.
#pragma once

#include <string>
#include <vector>

#include "graft/report/html.h"
#include "graft/report/interval_chart.h"

namespace graft::report {

struct SwapPicture {
  std::string picture;  // as data_uri() writes it; empty: there is none
  std::string answer;   // "Watches"
  std::string remark;   // "log p -0.02", "background of Ties/12.jpg"
  bool right = false;   // the photo's class is told
};

struct SwappedPhoto {
  std::string name, of_class;
  SwapPicture photo, same, other, alone;
};

struct SwapPage {
  std::string subtitle;  // photos, classifier
  std::string command;
  std::string headline, said;                   // "12.5 %", and what is 12.5 %
  std::vector<std::vector<std::string>> table;  // its first row the heads
  IntervalChart answers, effects;               // shares of answers; mean changes of the log-probability
  Facts facts;
  std::vector<SwappedPhoto> photos;
};

std::string to_html(const SwapPage& page);

}  // namespace graft::report
