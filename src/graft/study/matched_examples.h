// The test examples of several files of predictions, which have to be the same ones with the same labels.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/log.h"
#include "graft/study/prediction_table.h"

namespace graft::study {

struct MatchedExamples {
  using Example = std::pair<std::string, std::string>;  // data set, what names it there
  using Rows = std::map<Example, size_t>;

  std::vector<std::string> data = {};                        // in the order of the first file
  std::map<std::string, std::vector<std::string>> ids = {};  // of each data set, in that order
  std::vector<Rows> rows = {};                               // of each file
  std::map<Example, std::string> labels = {};
  std::set<std::string> classes = {};  // labels that occur
  std::vector<Note> notes = {};
};

// `labels`: a file with labels alone, of these examples and perhaps others. DataError for an example that is in one
// file twice or not in all, for one with two labels or none, and for files that name examples in different ways.
MatchedExamples match_examples(const std::vector<PredictionTable>& tables,
                               const std::optional<PredictionTable>& labels);

// For messages: the first three in quotes; whether all are whole numbers.
std::string first_of(const std::vector<std::string>& names);
bool are_numbers(const std::set<std::string>& names);
std::string counted(size_t count, const char* one);  // "3 examples"

}  // namespace graft::study
