#include "graft/data/table_columns.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>
#include <utility>

#include "graft/core/names.h"
#include "graft/data/file_walk.h"
#include "graft/text/text_file.h"
#include "graft/video/clip.h"

namespace graft::data {
namespace {

using Names = std::vector<std::string>;

const Names kImageNames = {"file",      "image",     "path",      "filename",  "filepath", "img",      "imagepath",
                           "imagefile", "imagename", "imgpath",   "imgname",   "photo",    "picture",  "imagefilename",
                           "video",     "clip",      "videopath", "videofile", "clippath", "clipfile", "videoname"};
const Names kLabelNames = {"label", "class", "category", "classname", "labelname", "target", "labels", "classlabel"};
// Where a clip's span begins and ends, in seconds or frames.
const Names kBegins = {"start", "starttime", "timestart", "begin", "startsec", "startseconds", "tstart"};
const Names kEnds = {"end", "endtime", "timeend", "stop", "endsec", "endseconds", "tend"};
const Names kFirstFrames = {"startframe", "beginframe", "framestart"};
const Names kLastFrames = {"endframe", "stopframe", "frameend"};
const Names kSplitNames = {"split", "subset", "partition", "set", "fold"};
// Of texts besides, as GLUE, SNLI, SetFit's sets and Kaggle's name them; the last two hold numbers.
const Names kTextLabelNames = {"goldlabel", "labeltext",   "sentiment", "intent", "emotion",
                               "topic",     "isduplicate", "quality",   "score",  "similarity"};
const Names kTextNames = {"text",      "sentence",  "review",      "content",  "comment",     "tweet",
                          "message",   "question",  "caption",     "headline", "commenttext", "reviewtext",
                          "utterance", "document",  "description", "body",     "title",       "sentence1",
                          "premise",   "question1", "query",       "text1",    "#1string"};
const Names kCaptionNames = {"caption", "captions", "text",    "sentence",          "description",
                             "title",   "prompt",   "alttext", "productdisplayname"};
// Columns that are pairs where both are there, the first of them asked.
constexpr std::array<std::pair<const char*, const char*>, 11> kPairNames = {{{"text", "textpair"},
                                                                             {"text1", "text2"},
                                                                             {"sentence1", "sentence2"},
                                                                             {"premise", "hypothesis"},
                                                                             {"question1", "question2"},
                                                                             {"question", "sentence"},
                                                                             {"question", "answer"},
                                                                             {"query", "passage"},
                                                                             {"query", "document"},
                                                                             {"sentencea", "sentenceb"},
                                                                             {"#1string", "#2string"}}};

class Finder {
 public:
  Finder(const Table& table, const DatasetOptions& options, Problems& problems)
      : table_(table), options_(options), problems_(problems) {}

  // The column that the option names; none where it does not, or in vain, which is a problem.
  std::optional<std::size_t> named(const std::string& option, const std::string& typed) {
    if (const auto exact = table_.column(typed)) return exact;
    if (const auto found = table_.columns_like(typed); !found.empty()) return one_of(option, found);
    problems_.add("--{}: {}", option, unknown_name("column", typed, table_.columns));
    return std::nullopt;
  }

  // The first usual name that the table has.
  std::optional<std::size_t> usual(const std::string& option, const Names& names) {
    for (const std::string& name : names) {
      if (const auto found = table_.columns_like(name); !found.empty()) return one_of(option, found);
    }
    return std::nullopt;
  }

  std::optional<std::size_t> find(const std::string& option, const std::string& typed, const Names& names) {
    return typed.empty() ? usual(option, names) : named(option, typed);
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

 private:
  std::size_t one_of(const std::string& option, const std::vector<std::size_t>& found) {
    if (found.size() > 1) {
      problems_.add("the columns '{}' and '{}' could both be meant: rename one, or name it exactly with --{}.",
                    table_.columns[found[0]], table_.columns[found[1]], option);
    }
    return found.front();
  }

  const Table& table_;
  const DatasetOptions& options_;
  Problems& problems_;
};

// Whether a column called as photos' files are holds them: STS-B has a "filename", of the text's source.
bool holds_photos(const Table& table, std::size_t column, const std::filesystem::path& folder) {
  constexpr std::size_t kLooked = 16;  // for files without a photo's ending
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const std::string& cell = table.rows[i].cells[column];
    std::error_code error;
    if (is_photo_name(cell)) return true;
    if (i < kLooked && !cell.empty() && std::filesystem::is_regular_file(folder / cell, error)) return true;
  }
  return false;
}

// Whether the files are clips, or folders of frames.
bool holds_clips(const Table& table, std::size_t column, const std::filesystem::path& folder) {
  if (std::ranges::any_of(table.rows, [&](const auto& row) { return video::is_clip_name(row.cells[column]); }))
    return true;
  const std::string& first = table.rows.front().cells[column];
  return !first.empty() && video::is_frame_folder(folder / first);
}

void find_span(const Table& table, Finder& finder, Columns& columns, Problems& problems) {
  const auto first_frame = finder.usual("span", kFirstFrames);
  const bool frames = first_frame.has_value();
  columns.unit = frames ? Span::Unit::frames : Span::Unit::seconds;
  columns.begin = frames ? first_frame : finder.usual("span", kBegins);
  columns.end = finder.usual("span", frames ? kLastFrames : kEnds);
  if (columns.end && !columns.begin) {
    problems.add("the column '{}' says where a clip's span ends, and none where it begins: add one called {}.",
                 table.columns[*columns.end], frames ? "start_frame" : "start");
  }
}

// The text's columns by their usual names, a pair before a single one.
std::pair<std::optional<std::size_t>, std::optional<std::size_t>> usual_texts(const Table& table, Finder& finder) {
  for (const auto& [one, other] : kPairNames) {
    const auto first = table.columns_like(one), second = table.columns_like(other);
    if (!first.empty() && !second.empty())
      return {finder.usual("text-column", {one}), finder.usual("pair-column", {other})};
  }
  return {finder.usual("text-column", kTextNames), std::nullopt};
}

void find_texts(const Table& table, const DatasetOptions& options, Finder& finder, Columns& columns) {
  const bool no_pair = options.pair_column == "none" && !table.column("none");
  auto [text, pair] = usual_texts(table, finder);
  if (!options.text_column.empty()) {
    const auto typed = finder.named("text-column", options.text_column);
    if (typed != text) pair.reset();  // the second of another pair
    text = typed;
  }
  if (!options.pair_column.empty()) pair.reset();
  if (!options.pair_column.empty() && !no_pair) pair = finder.named("pair-column", options.pair_column);
  columns.input = text;
  columns.pair = pair;
  if (text && pair && options.pair_column.empty()) {
    columns.notes.push_back(
        fmt::format("{}: texts are read as pairs, from the columns '{}' and '{}': --pair-column none "
                    "reads the first alone",
                    table.name, table.columns[*text], table.columns[*pair]));
  }
}

// Columns of usual names that were not taken.
std::vector<std::string> others(const Table& table, const Columns& taken, const std::vector<const Names*>& lists) {
  std::vector<std::string> found;
  for (const Names* names : lists) {
    for (const std::string& name : *names) {
      for (const std::size_t column : table.columns_like(name)) {
        const bool marked = std::ranges::find(taken.marks, column) != taken.marks.end();
        if (column != taken.input && column != taken.pair && column != taken.label && column != taken.split && !marked)
          found.push_back(table.columns[column]);
      }
    }
  }
  return found;
}

void note_others(const Table& table, Columns& columns) {
  const auto labels = others(table, columns, {&kLabelNames, &kSplitNames});
  if (!labels.empty() && columns.label) {
    columns.notes.push_back(fmt::format(
        "{}: classes are read from the column '{}'{}, not from: {}", table.name, table.columns[*columns.label],
        columns.split ? fmt::format(" and splits from '{}'", table.columns[*columns.split]) : "",
        fmt::join(labels, ", ")));
  }
  if (columns.reads != Reads::text || !columns.input) return;
  if (const auto texts = others(table, columns, {&kTextNames}); !texts.empty()) {
    columns.notes.push_back(fmt::format("{}: texts are read from the column '{}', not from: {}", table.name,
                                        table.columns[*columns.input], fmt::join(texts, ", ")));
  }
}

void note_texts_beside(const Table& table, Columns& columns) {
  const auto texts = others(table, columns, {&kTextNames});
  if (texts.empty()) return;
  columns.notes.push_back(
      fmt::format("{0}: photos are read from the column '{1}', not texts from '{2}': --text-column {2} "
                  "reads these",
                  table.name, table.columns[*columns.input], texts.front()));
}

// Photos with a caption each; a class that stands beside it is left.
void find_captions(const Table& table, std::optional<std::size_t> photo, const DatasetOptions& options, Finder& finder,
                   Columns& columns, Problems& problems) {
  columns.captions = true;
  columns.input = photo;
  columns.pair = finder.find("caption-column", options.caption_column, kCaptionNames);
  if (!photo && options.image_column.empty()) ask_for_column(table, "image-column", problems);
  if (!columns.pair && options.caption_column.empty()) ask_for_column(table, "caption-column", problems);
  if (options.split_column != "none" || table.column("none"))
    columns.split = finder.find("split-column", options.split_column, kSplitNames);
  const auto more = others(table, columns, {&kCaptionNames});
  if (columns.pair && !more.empty()) {
    columns.notes.push_back(fmt::format("{}: captions are read from the column '{}', not from: {}", table.name,
                                        table.columns[*columns.pair], fmt::join(more, ", ")));
  }
}

// "toxic,obscene,threat": columns with 0 or 1 in each row.
void find_marks(const std::string& names, Finder& finder, Columns& columns) {
  std::istringstream stream(names);
  for (std::string name; std::getline(stream, name, ',');) {
    const auto column = finder.named("label-column", std::string(text::trimmed(name)));
    if (column) columns.marks.push_back(*column);
  }
  if (!columns.marks.empty()) columns.label = columns.marks.front();
}

}  // namespace

void ask_for_column(const Table& table, const std::string& option, Problems& problems) {
  const auto is_cell = [](const std::string& name) {
    return is_photo_name(name) || name.empty() || std::ranges::all_of(name, Finder::is_digit) ||
           std::ranges::count(name, ' ') > 3;
  };
  const bool headless = std::ranges::any_of(table.columns, is_cell);
  problems.add("which column is it? Name it with --{}. Columns: {}.{}", option, fmt::join(table.columns, ", "),
               headless
                   ? " The first line must name the columns; where none does, --text-column 4 --label-column 2 name "
                     "them by number."
                   : "");
}

bool asks_captions(const DatasetOptions& options) {
  return options.target ? options.target == Target::caption : !options.caption_column.empty();
}

bool names_columns_by_number(const Table& table, const DatasetOptions& options) {
  bool any = false, all_named = true;
  for (const std::string* typed :
       {&options.image_column, &options.text_column, &options.pair_column, &options.caption_column,
        &options.label_column, &options.split_column, &options.group_column}) {
    if (typed->empty() || *typed == "none") continue;
    if (!std::ranges::all_of(*typed, Finder::is_digit)) return false;
    any = true;
    all_named = all_named && table.column(*typed).has_value();
  }
  return any && !all_named;
}

Columns find_columns(const Table& table, const std::filesystem::path& folder, const DatasetOptions& options,
                     Problems& problems) {
  Columns columns;
  Finder finder(table, options, problems);
  if (!options.image_column.empty() && !options.text_column.empty()) {
    problems.add("--image-column and --text-column: a data set has photos or texts. Name one.");
    return columns;
  }
  const auto photo = finder.find("image-column", options.image_column, kImageNames);
  if (asks_captions(options)) {
    find_captions(table, photo, options, finder, columns, problems);
    return columns;
  }
  const bool asks_texts = !options.text_column.empty() || !options.pair_column.empty();
  const bool asks_photos = !options.image_column.empty();
  const bool clips = photo && holds_clips(table, *photo, folder);
  const bool files = clips || (photo && holds_photos(table, *photo, folder));
  if (!asks_photos && (asks_texts || !files)) find_texts(table, options, finder, columns);
  if (columns.input || asks_texts) {
    columns.reads = Reads::text;
    if (!options.caption_column.empty())
      problems.add("--caption-column {}: tells photos' captions, and here texts are read. Leave it out.",
                   options.caption_column);
  } else {
    columns.input = photo;
    if (clips) {
      columns.reads = Reads::clip;
      find_span(table, finder, columns, problems);
    }
    // Beside a class: nothing that is asked, but what a teacher of texts reads.
    if (!options.caption_column.empty()) columns.pair = finder.named("caption-column", options.caption_column);
    if (photo && !asks_photos && !columns.pair) note_texts_beside(table, columns);
  }
  if (!columns.input && !asks_photos && !asks_texts) ask_for_column(table, "image-column or --text-column", problems);

  Names labels = kLabelNames;
  if (columns.reads == Reads::text) labels.insert(labels.end(), kTextLabelNames.begin(), kTextLabelNames.end());
  if (options.label_column.find(',') != std::string::npos && !table.column(options.label_column)) {
    find_marks(options.label_column, finder, columns);
  } else {
    columns.label = finder.find("label-column", options.label_column, labels);
  }
  if (options.split_column != "none" || table.column("none"))
    columns.split = finder.find("split-column", options.split_column, kSplitNames);
  if (!options.group_column.empty()) columns.group = finder.named("group-column", options.group_column);
  note_others(table, columns);
  return columns;
}

Columns find_label_columns(const Table& table, const DatasetOptions& options, Problems& problems) {
  Columns columns;
  Finder finder(table, options, problems);
  Names ids = {"id", "name", "key", "imageid"};
  ids.insert(ids.begin(), kImageNames.begin(), kImageNames.end());
  columns.input = finder.find("image-column", options.image_column, ids);
  columns.label = finder.find("label-column", options.label_column, kLabelNames);
  if (options.split_column != "none" || table.column("none"))
    columns.split = finder.find("split-column", options.split_column, kSplitNames);
  if (!columns.label && options.label_column.empty()) ask_for_column(table, "label-column", problems);
  return columns;
}

}  // namespace graft::data
