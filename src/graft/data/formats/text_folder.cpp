// Folders of texts, a file each: SPLIT/CLASS/x.txt, or CLASS/x.txt with a seeded split; class_folders.h tells which.
// Line ends behind a text are its file's, not its own.
#include "graft/core/signals.h"
#include "graft/data/class_folders.h"
#include "graft/data/format.h"
#include "graft/data/problems.h"
#include "graft/text/text_file.h"

namespace graft::data::text_folder {
namespace {

namespace fs = std::filesystem;

// Texts in folders, and no photo anywhere.
bool recognises(const fs::path& path) {
  if (!fs::is_directory(path)) return false;
  bool texts = false;
  std::error_code error;
  fs::recursive_directory_iterator entry(path, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    stop_if_asked();
    if (is_photo_name(entry->path())) return false;
    texts = texts || (entry.depth() > 0 && is_text_name(entry->path()));
  }
  return texts;
}

Dataset open(const fs::path& path, const DatasetOptions& options) {
  if (!fs::is_directory(path)) throw DataError("data", "{}: expected a folder, as text-folder reads.", path.string());
  ClassFolders folders = class_folders(path, "text-folder", walk_texts(path), options);
  Problems problems(folders.listing.subject);
  if (options.target.value_or(Target::label) != Target::label)
    problems.add("--label-kind: a folder names one class for each text in it. A table can say more.");
  for (Record& record : folders.listing.records) {
    stop_if_asked();
    try {
      record.input = text::read_text_file(path / record.input);
      record.input.erase(record.input.find_last_not_of('\n') + 1);
      if (text::trimmed(record.input).empty()) problems.add("{}: is empty.", (path / record.where).string());
    } catch (const Error& error) {
      problems.add_error(error);
    }
  }
  problems.throw_if_any();
  return assemble(std::move(folders), options);
}

}  // namespace

extern const Format format;
const Format format = {"text-folder", "SPLIT/CLASS/x.txt, or CLASS/x.txt with a seeded split", recognises, open};

}  // namespace graft::data::text_folder
