// A set of labelled photos, texts, clips or features with its splits, and how it is opened: folders, tables (CSV, TSV,
// JSONL), CoOp's split files, COCO's captions, lists of clips, files of features; formats.def lists them. Photos and
// clips are only named here, not decoded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace graft::data {

struct FeatureRows;  // feature_file.h
class Masks;         // masks.h

// What an example is, and what is to be told of it. Features are rows of numbers that stand in a file: no model reads
// them, and so they are no choice of one's.
enum class Reads { photo, text, clip, features };
std::vector<std::pair<Reads, std::string>> choices(Reads);
enum class Target {
  label,    // one class
  labels,   // any number of classes
  value,    // a number
  caption,  // of a photo, a text that goes with it
  mask,     // of a photo, one class for each pixel, or none
};
std::vector<std::pair<Target, std::string>> choices(Target);
bool has_classes(Target target);        // what is told of an example is one of several names, or some of them
const char* unit_of(Reads reads);       // "photos", "texts", "clips", "rows"
const char* one_of(Reads reads);        // "photo", "text", "clip", "row"
const char* rate_unit_of(Reads reads);  // of a progress line: "images", "texts", "clips", "rows"

// Part of a clip, from `begin` to before `end`.
struct Span {
  enum class Unit { frames, seconds };  // by number from 0; by when a frame is shown, from the first frame
  Unit unit = Unit::seconds;
  double begin = 0;
  std::optional<double> end = {};  // absent: the clip's
  bool operator==(const Span&) const = default;
};

struct Sample {
  std::string input;               // a file, relative to the data set's root or absolute; or the text itself; of a clip
                                   // a file or a folder of frames
  std::int64_t label = 0;          // of several classes the first, -1 where there is none; of a number
                                   // a caption or a mask 0
  std::string pair = {};           // a second text, of which the first is asked, a photo's caption, or its mask's file,
                                   // relative to the data set's root; empty: none
  std::vector<float> values = {};  // labels: 1 for each class that it has, else 0, [classes]; value: the number
  std::optional<Span> span = {};   // of a clip, where not all of it is meant
  std::string name = {};           // as the data names it, where that is not the input: "reviews.csv:17"
  std::int64_t row = -1;           // of features: where they stand in their file
  std::string group = {};          // of which it is beside its class, for scores by group; empty: none is told

  const std::string& shown() const { return name.empty() ? input : name; }
  bool operator==(const Sample&) const = default;
};

enum class Split { train, val, test };
std::vector<std::pair<Split, std::string>> choices(Split);

struct Dataset {
  std::string name;
  std::filesystem::path root;
  std::vector<std::string> classes;  // as found; prompt_name() is how a prompt says them; none where values are told
  std::vector<Sample> train, val, test;
  std::vector<std::string> found_splits;  // as the data names them, for messages
  std::string format = {};                // that opened it
  std::filesystem::path source = {};      // its table or split file; empty: folders
  std::vector<std::string> remarks = {};  // what to say beside the counts: "a split was made up: ...", "left: ..."
  std::vector<std::string> notes = {};    // what had to be assumed, and may be another than was meant
  Reads reads = Reads::photo;
  Target target = Target::label;
  std::shared_ptr<const FeatureRows> features = nullptr;  // where the samples are rows of them
  std::shared_ptr<const Masks> masks = nullptr;           // where masks are told

  const std::vector<Sample>& split(Split split) const;
  std::vector<Sample>& split(Split split);
  std::filesystem::path path(const Sample& sample) const { return root / sample.input; }  // of a photo or clip
};

// How many numbers a head gives for an example: one a class, or one a number.
std::int64_t outputs_of(const Dataset& dataset);

// What becomes of data that names no splits.
enum class Unsplit {
  deal,   // 50/20/30 by a seed
  whole,  // all of it trains, and all of it is what is reported on; nothing is chosen on
};
std::vector<std::pair<Unsplit, std::string>> choices(Unsplit);

struct DatasetOptions {
  std::string format = {};         // empty: told by what lies there
  std::string classes = {};        // class names: a file with one a line, or the names with commas between
  std::string labels = {};         // of features: a table or a .npy with the class of each row
  std::int64_t least_classes = 2;  // one is enough where the classes to choose among are known from elsewhere
  std::string image_column = {}, text_column = {}, pair_column = {}, caption_column = {}, label_column = {},
              split_column = {}, group_column = {};
  std::optional<Target> target = {};
  std::string label_separator = {};
  std::string train_split = "train", val_split = "val", test_split = "test";
  std::optional<Unsplit> unsplit = {};  // deal, where nobody says
  std::int64_t split_seed = 1;
};
template <class Visitor>
void fields(Visitor& visit, DatasetOptions& o) {
  visit("format", o.format,
        "what the data is: image-folder, mask-folder, text-folder, clip-folder, table, ... (default: seen from the "
        "files)");
  visit("classes", o.classes, "class names: a file with one a line, or a,b,c; their order numbers them");
  visit("labels", o.labels,
        "features: the table or .npy that tells the class of each row (default: as their file says)");
  visit("image-column", o.image_column,
        "table: column with the photo's or clip's file (default: file, image, video, path, ...)");
  visit("text-column", o.text_column, "table: column with the text (default: text, sentence, question, review, ...)");
  visit("pair-column", o.pair_column,
        "table: column with a second text; none: there is none (default: text_pair, sentence2, hypothesis, ...)");
  visit("caption-column", o.caption_column,
        "table: column with a photo's caption, which makes the data pairs (with --label-kind caption by default: "
        "caption, text, title, ...; with --label-kind label it stands beside the class, for a teacher that reads "
        "texts)");
  visit("label-column", o.label_column,
        "table: column with the class (default: label, class, category, ...); a,b,c: columns of 0 and 1, one a class");
  visit("split-column", o.split_column,
        "table: column with train, val or test; none: there is none (default: split, subset, ...)");
  visit("group-column", o.group_column,
        "table: column with an example's group, as a class on a background: scores are then told of each group and of "
        "the worst");
  visit("label-kind", o.target,
        "what is told of an example: of a text its class, several classes, or a number; of a photo its class, its "
        "caption, or a mask with a class for each pixel (default: seen)");
  visit("label-separator", o.label_separator,
        "--label-kind labels: what stands between a cell's classes (default: ; or |)");
  visit("train-split", o.train_split, "name of the split to train on");
  visit("val-split", o.val_split, "name of the split to choose on (valid, validation and dev count as val)");
  visit("test-split", o.test_split, "name of the split to report; may be the same as another");
  visit("unsplit", o.unsplit,
        "data that names no splits: deal it 50/20/30 by a seed, or train and report on the whole (default: deal; "
        "segment train: whole)");
  visit("split-seed", o.split_seed, "seed of that 50/20/30 split");
}

// Throws one DataError with everything that is wrong: no class, one class, a class without photos, a label outside the
// list, a split in `needed` that is missing. A validation split may be missing: it is then empty.
Dataset open_dataset(const std::filesystem::path& path, const DatasetOptions& options = {},
                     const std::vector<Split>& needed = {Split::train, Split::test});

// "american_bulldog" -> "american bulldog"
std::string prompt_name(std::string class_name);

}  // namespace graft::data
