// Lists of clips, a line each: mmaction2's and TimeSformer's "path label" of videos, "folder frames label" and "folder
// offset frames label" of frame folders; UCF101's trainlist01.txt with classInd.txt (Soomro et al. 2012,
// arXiv:1212.0402); HMDB51's CLASS_test_split1.txt (Kuehne et al. 2011), "file 1" to train on, 2 to test, 0 for
// neither. Between the parts stand blanks, a tab or a comma; a path may hold blanks.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "graft/data/clip_places.h"
#include "graft/data/file_walk.h"
#include "graft/data/format.h"
#include "graft/data/listing.h"
#include "graft/data/numbers.h"
#include "graft/data/problems.h"
#include "graft/data/split_lists.h"
#include "graft/text/text_file.h"
#include "graft/video/clip.h"

namespace graft::data::clip_list {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUcfClasses = "classInd.txt";
constexpr std::string_view kHmdbSplit = "_test_split";

// "a path", and the whole numbers behind it.
struct Line {
  std::string path;
  std::vector<std::int64_t> numbers;
};

Line parse(const std::string& line) {
  const char between = line.find('\t') != std::string::npos                                         ? '\t'
                       : line.find(' ') == std::string::npos && line.find(',') != std::string::npos ? ','
                                                                                                    : ' ';
  Line parsed{line, {}};
  for (int part = 0; part < 3; ++part) {
    const auto at = parsed.path.find_last_of(between);
    if (at == std::string::npos) break;
    const auto value = whole_number(text::trimmed(parsed.path.substr(at + 1)));
    if (!value) break;
    parsed.numbers.insert(parsed.numbers.begin(), *value);
    parsed.path = std::string(text::trimmed(parsed.path.substr(0, at)));
  }
  return parsed;
}

bool is_list_name(const fs::path& file) {
  const auto ending = file.extension();
  return ending == ".txt" || ending == ".csv" || ending == ".list";
}

// Whether the first line is one of a list of clips: a path that could be a clip's, and a number or UCF101's folder.
bool is_list(const fs::path& file) try {
  if (!is_list_name(file) || file.filename() == kUcfClasses) return false;
  const auto line = first_line(file);
  if (line.empty()) return false;
  const auto first = parse(line);
  if (video::is_clip_name(first.path)) return !first.numbers.empty() || first.path.find('/') != std::string::npos;
  ClipPlaces places(file.parent_path());
  const auto found = places.find({first.path});  // a list may name clips without their ending
  return !first.numbers.empty() && (places.is_folder(found) || video::is_clip_name(found));
} catch (const Error&) {
  return false;
}

std::vector<fs::path> lists_in(const fs::path& folder) {
  auto files = files_in(folder);
  std::erase_if(files, [](const fs::path& file) {
    const bool named =
        !split_of_list(file.stem().string()).empty() || file.filename().string().find(kHmdbSplit) != std::string::npos;
    return !named || !is_list(file);
  });
  return files;
}

bool recognises(const fs::path& path) {
  return fs::is_directory(path) ? !lists_in(path).empty() : is_list(path);
}

// UCF101's "1 ApplyEyeMakeup".
std::map<std::string, std::int64_t> ucf_classes(const fs::path& folder) {
  std::map<std::string, std::int64_t> classes;
  std::error_code error;
  if (!fs::exists(folder / kUcfClasses, error)) return classes;
  for (const auto& line : text::trimmed_lines(text::read_text_file(folder / kUcfClasses))) {
    const auto blank = line.find(' ');
    const auto value = whole_number(line.substr(0, blank));
    if (blank == std::string::npos || !value)
      throw DataError("data", "{}: expected a number and a class a line, as \"1 Archery\", got \"{}\".", kUcfClasses,
                      line);
    classes[std::string(text::trimmed(line.substr(blank)))] = *value;
  }
  return classes;
}

class Reader {
 public:
  Reader(const fs::path& folder, Listing& listing, Problems& problems)
      : places_(folder), ucf_(ucf_classes(folder)), listing_(listing), problems_(problems) {}

  void read(const SplitList& list) {
    const auto lines = text::trimmed_lines(text::read_text_file(list.file));
    const std::string name = list.file.filename().string();
    for (std::size_t i = 0; i < lines.size(); ++i)
      add(parse(lines[i]), list.split, fmt::format("{}:{}", name, i + 1));
  }

  // HMDB51: a file a class, of both splits.
  void read_hmdb(const fs::path& file, const DatasetOptions& options) {
    const std::string name = file.filename().string(), label = name.substr(0, name.find(kHmdbSplit));
    const auto lines = text::trimmed_lines(text::read_text_file(file));
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const auto line = parse(lines[i]);
      const std::string where = fmt::format("{}:{}", name, i + 1);
      if (line.numbers.size() != 1 || line.numbers.front() < 0 || line.numbers.front() > 2) {
        problems_.add("{}: expected \"file 1\" (train), 2 (test) or 0 (neither), got \"{}\".", where, lines[i]);
      } else if (line.numbers.front() > 0) {
        listing_.records.push_back({.input = places_.find({label + "/" + line.path, line.path}),
                                    .label = label,
                                    .split = line.numbers.front() == 1 ? options.train_split : options.test_split,
                                    .where = where});
      }
    }
  }

 private:
  void add(const Line& line, const std::string& split, const std::string& where) {
    Record record{.input = places_.find({line.path}), .split = split, .where = where};
    const auto& numbers = line.numbers;
    const bool frames = places_.is_folder(record.input) && !video::is_clip_name(record.input);
    if (!ucf_.empty()) return add_of_ucf(line, std::move(record));
    if (numbers.empty()) return problems_.add("{}: no label behind the path. Expected \"{} LABEL\".", where, line.path);
    if (numbers.back() < 0)
      return problems_.add("{}: the label {}, which stands for none: such a list is not for classification.", where,
                           numbers.back());
    if (!frames && numbers.size() > 1) {
      return problems_.add(
          "{}: {} labels for a clip: expected one. (A frame folder that is not there reads so too: {}.)", where,
          numbers.size(), line.path);
    }
    record.label = std::to_string(numbers.back());
    if (numbers.size() > 1) {
      const auto begin = numbers.size() == 3 ? numbers[0] : 0, count = numbers[numbers.size() - 2];
      if (begin < 0 || count < 1)
        return problems_.add("{}: {} frames from {}: expected one or more.", where, count, begin);
      record.span = Span{Span::Unit::frames, static_cast<double>(begin), static_cast<double>(begin + count)};
    }
    listing_.records.push_back(std::move(record));
  }

  // "ApplyEyeMakeup/v_x.avi 1": the folder is the class, and the number, where there is one, the same.
  void add_of_ucf(const Line& line, Record record) {
    record.label = line.path.substr(0, line.path.find('/'));
    const auto found = ucf_.find(record.label);
    if (found == ucf_.end())
      return problems_.add("{}: the class '{}' is not in {}.", record.where, record.label, kUcfClasses);
    if (!line.numbers.empty() && line.numbers.back() != found->second) {
      return problems_.add("{}: class {}, but {} is {} in {}.", record.where, line.numbers.back(), record.label,
                           found->second, kUcfClasses);
    }
    listing_.records.push_back(std::move(record));
  }

  ClipPlaces places_;
  std::map<std::string, std::int64_t> ucf_;
  Listing& listing_;
  Problems& problems_;
};

// Names of numbered classes, a line each, in the one file beside the lists that is called so.
std::string class_file(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& file : files_in(folder)) {
    const std::string stem = file.stem().string();
    if (file.extension() == ".txt" && (stem == "classes" || stem == "labels" || stem.starts_with("label_map")))
      found.push_back(file);
  }
  return found.size() == 1 ? found.front().string() : "";
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  const bool is_folder = fs::is_directory(path);
  const fs::path folder = is_folder ? path : path.parent_path();
  auto listing = empty_listing(path, "clip-list", Reads::clip);
  Problems problems(listing.subject);
  Reader reader(folder, listing, problems);
  std::vector<std::string> notes;
  std::vector<fs::path> files = is_folder ? lists_in(path) : std::vector<fs::path>{path};
  if (files.empty()) throw DataError("data", "{}: expected lists of clips, as train.txt and test.txt.", path.string());
  const auto is_hmdb = [](const fs::path& file) {
    return file.filename().string().find(kHmdbSplit) != std::string::npos;
  };
  if (is_folder && std::ranges::any_of(files, is_hmdb)) {
    // Three ways to split; --train-split split2 takes the second.
    const std::string digit = options.train_split.starts_with("split") ? options.train_split.substr(5) : "1";
    for (const auto& file : files)
      if (file.stem().string().ends_with(std::string(kHmdbSplit) + digit)) reader.read_hmdb(file, options);
    notes.push_back(
        fmt::format("HMDB51's split {} of its three: --train-split split2 --test-split split2 takes another", digit));
  } else if (is_folder) {
    const auto lists = split_lists(files, options);
    for (const auto& list : lists.lists)
      reader.read(list);
    notes = lists.notes;
  } else {
    reader.read({path, ""});
  }
  problems.throw_if_any();
  DatasetOptions named = options;
  if (options.classes.empty()) named.classes = class_file(folder);
  if (named.classes != options.classes)
    notes.push_back(fmt::format("class names are those of {}", fs::path(named.classes).filename().string()));
  Dataset dataset = assemble(std::move(listing), named);
  dataset.notes.insert(dataset.notes.end(), notes.begin(), notes.end());
  return dataset;
}

}  // namespace

extern const Format format;
const Format format = {"clip-list", "lists of \"path label\" a line: mmaction2's, TimeSformer's, UCF101's, HMDB51's",
                       recognises, open};

}  // namespace graft::data::clip_list
