// Sets of boxes as they are typed: "coco:instances.json", or a path, whose name is then the file's without its ending.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "graft/cli/terminal.h"
#include "graft/detection/findings.h"
#include "graft/detection/photo_identity.h"
#include "graft/detection/set.h"

namespace graft::cli {

struct NamedPath {
  std::string name;
  std::filesystem::path path;
};
// A text before the first colon is a name where no file is called like the whole. UsageError where two have one name.
std::vector<NamedPath> named_paths(const std::vector<std::string>& words, const std::string& where);

// "NAME:DIR" for sets that are named so; an empty path for the others. UsageError for a name that no set has, DataError
// for what is no folder.
std::map<std::string, std::filesystem::path> image_folders(const std::vector<std::string>& words,
                                                           const std::vector<NamedPath>& sets,
                                                           const std::string& where);

// "coco: 000001.jpg", and how two photos are one: "the same bytes".
std::string twin_name(const std::string& set_name, const detection::Set& set, std::size_t image);
std::string_view words_of(detection::SamePhoto::By by);

// Notes for what was found, the kinds that may change numbers first; nothing for carried keys.
void tell(const detection::Findings& findings, const std::string& file, Terminal& terminal);

// "100 images · 839 boxes · 80 classes"
std::string size_words(const detection::Set& set);

// Read whole: DataError where a part cannot be used.
detection::Set read_whole(const NamedPath& named, const std::string& format, Terminal& terminal);
// The one set of a command that takes one, as it is typed.
detection::Set read_whole(const std::string& word, const std::string& format, Terminal& terminal);

// Which of the set's categories are called so. UsageError at `where` for a name that it lacks.
std::vector<bool> named_classes(const detection::Set& set, const std::vector<std::string>& names,
                                const std::string& where);

}  // namespace graft::cli
