// What clips show as time goes by, as one HTML file: a strip a clip, coloured by the answer, over frames of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace graft::report {

// Windows overlap; each is drawn around its middle, as far as its neighbours'.
struct TimelineWindow {
  double begin = 0, end = 0;  // seconds
  std::string answer;
  double probability = 0;
  std::string image = {};  // a frame of it, as data_uri() writes it; empty: none is shown
};

struct ClipTimeline {
  std::string clip;
  std::vector<TimelineWindow> windows;  // by time
};

std::string to_html(const std::string& subtitle, const std::vector<ClipTimeline>& clips);

// The same as a table of commas: clip,begin,end,answer,probability; a row a window.
std::string to_csv(const std::vector<ClipTimeline>& clips);

}  // namespace graft::report
