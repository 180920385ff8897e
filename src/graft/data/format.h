// A data set format: one file in formats/ and one line in formats.def.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "graft/data/dataset.h"

namespace graft::data {

struct Format {
  std::string_view name;
  std::string_view summary;
  // Whether `path` looks like it; cheap. The first format of the list that says yes opens it. A DataError where it
  // could as well be another.
  bool (*recognises)(const std::filesystem::path& path);
  // Reads names and labels. Splits that it does not find stay empty; open_dataset() checks the whole.
  Dataset (*open)(const std::filesystem::path& path, const DatasetOptions& options);
};

const std::vector<const Format*>& formats();
const Format& find_format(std::string_view name);  // UsageError with the nearest name

// Whether a name means one of the three splits by itself: "Train", "training", "valid", "validation", "dev", "testing",
// "eval" do.
bool is_usual_split(std::string_view name);

// The split that a name speaks of, in a word between other letters or not: "train" of "seg_train" and "Training-2017";
// "train", "val" or "test", or empty for none.
std::string split_word(std::string_view name);

// What the splits that a data set names are to the run. A name that an option gives, or the split's own, is taken
// before other names for the same; nothing is taken by guess.
class SplitNames {
 public:
  SplitNames(const std::set<std::string>& found, const DatasetOptions& options);

  // The splits that the name serves; several where options say so, none where it is not asked for.
  const std::vector<Split>& of(const std::string& found) const;

  // Why a name that serves no split must not be passed over; empty where the options name splits, and so leave others.
  std::string trouble(const std::string& found) const;

 private:
  std::map<std::string, std::vector<Split>> serves_;
  std::vector<std::string> names_;
  bool named_by_option_ = false;
};

// The split of data that has none, as CoOp makes it: one class after the other, sorted by file or text, shuffled with
// Python's random, half to train, a fifth to val and the rest to test (rounded half to even). Of several classes the
// first counts; numbers are one class. All captions of a photo go to one split.
void split_by_seed(Dataset& dataset, std::vector<Sample> samples, std::uint64_t seed);

// The first line of a text file, for a look at what it is; little more than that is read. Empty where there is none.
// DataError for what is no text.
std::string first_line(const std::filesystem::path& file);

// The names that a file lists, one a line, as they are kept and compared; for --classes.
std::vector<std::string> read_lines(const std::filesystem::path& file);

// What --classes says: the lines of a file, or names with commas between ("cat,dog") where no file is called so.
std::vector<std::string> class_names(const std::string& file_or_names);

}  // namespace graft::data
