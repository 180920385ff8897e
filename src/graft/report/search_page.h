// What a search found, as one HTML file: a row of thumbnails, or of texts, for each query.
#pragma once

#include <string>
#include <vector>

namespace graft::report {

struct SearchHit {
  std::string name;
  double cosine = 0;
  std::string image = {};  // as data_uri() writes it; empty: only named
  std::string text = {};
};
struct SearchRow {
  std::string query;
  std::vector<SearchHit> hits;
};

std::string to_html(const std::string& subtitle, const std::vector<SearchRow>& rows);

}  // namespace graft::report
