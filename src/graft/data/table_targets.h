// What the cells of a table's label column tell: one class, several, or a number.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "graft/data/listing.h"
#include "graft/data/problems.h"
#include "graft/data/table.h"

namespace graft::data {

struct LabelColumn {
  const Table* table;
  std::size_t column;
  std::vector<std::size_t> marks = {};  // several columns, one a class, with 0 or 1 in each row
};

class TargetReader {
 public:
  // The target that options name, or the one that the cells show: lists are several classes, fractions numbers, and so
  // are the numbers of a column called score or similarity.
  TargetReader(const std::vector<LabelColumn>& labels, const DatasetOptions& options);

  Target target() const { return target_; }
  const std::vector<std::string>& notes() const { return notes_; }

  // Writes what a row's cell tells into the record; what it cannot tell is a problem.
  void read(const LabelColumn& from, const Table::Row& row, Record& record, Problems& problems) const;

 private:
  void see(const std::vector<LabelColumn>& labels);

  Target target_ = Target::label;
  std::string separators_;  // one of these characters, or where an option says so, that text
  bool one_separator_ = false;
  bool numbers_ = false;  // all classes are numbers
  std::vector<std::string> notes_;
};

// The splits of which each label is -1, while another has classes: Hugging Face's mark of what nobody labelled.
void refuse_unlabelled_splits(const std::vector<Record>& records, Problems& problems);

}  // namespace graft::data
