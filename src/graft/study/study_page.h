// A study's report: one HTML file that needs no network.
#pragma once

#include <functional>
#include <string>

#include "graft/report/html.h"
#include "graft/study/outcome.h"

namespace graft::study {

// A picture of a test example, as an address for <img>; empty: there is none.
using PictureOf = std::function<std::string(const std::string& data, const std::string& file)>;

struct PageOptions {
  std::string command;
  report::Facts environment;
  PictureOf picture = {};
};
std::string to_html(const StudyOutcome& outcome, const PageOptions& options);

}  // namespace graft::study
