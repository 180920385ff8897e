// Photos by words (a CLIP: Radford et al. 2021, arXiv:2103.00020), or texts by a text (a sentence encoder: Reimers and
// Gurevych 2019, arXiv:1908.10084): the nearest by cosine, from features that are kept.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/options.h"

namespace graft::pipelines {

struct SearchOptions {
  engine::ModelOptions model;
  engine::DataOptions data;
  std::string split;
  std::vector<std::string> query;
  int64_t top = 10;
  std::string html;
};
template <class Visitor>
void fields(Visitor& visit, SearchOptions& o) {
  fields(visit, o.model);
  fields(visit, o.data);
  visit("split", o.split, "train, val or test; empty: all that is there");
  visit("query", o.query, "what is looked for, in words");
  visit("top", o.top, "how many of the nearest are shown");
  visit("html", o.html, "page to write: the photos that were found, or the texts");
}

struct Hit {
  std::string name;   // as the data names it
  std::string input;  // the file, or the text itself
  double cosine = 0;  // in [-1, 1]
};
struct Found {
  std::string query;
  std::vector<Hit> hits;  // the nearest first; of equal ones the first of the data
};
struct SearchResult {
  std::vector<Found> found = {};  // one a query
  bool photos = true;
  int64_t searched = 0;
};

// ModelError for a model with images alone.
SearchResult search(const SearchOptions& options, const engine::Host& host, Reporter& report);

}  // namespace graft::pipelines
