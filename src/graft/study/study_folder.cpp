#include "graft/study/study_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/core/read_file.h"
#include "graft/io/json_object.h"
#include "graft/io/yaml_options.h"

namespace graft::study {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMarker = "study.json";
constexpr const char* kMark = "{\"kind\": \"study\", \"version\": 1}\n";
constexpr int64_t kMostBytes = int64_t{1} << 30;

void check_mark(const fs::path& path) {
  const auto json = io::JsonObject::read(path / kMarker);
  if (json->get<std::string>("kind", "") == "study" && json->get("version", int64_t{0}) == 1) return;
  throw ConfigError("compare", "{} is a study of another version of graft. Choose another --output.",
                    printable(path.string()));
}

}  // namespace

StudyFolder::StudyFolder(fs::path path, Access access) : path_(std::move(path)), access_(access) {
  std::error_code error;
  if (fs::exists(path_, error) && !fs::is_directory(path_, error))
    throw FileError("compare", "{} is a file; a study writes a folder. Choose another --output.",
                    printable(path_.string()));
  if (fs::exists(path_ / kMarker, error)) {
    check_mark(path_);
  } else if (fs::is_directory(path_, error) && !fs::is_empty(path_, error)) {
    throw ConfigError("compare", "{} holds something else than a study. Choose another --output.",
                      printable(path_.string()));
  }
  if (access == Access::look) return;
  for (const auto* folder : {"runs", "items", "locks"}) {
    fs::create_directories(path_ / folder, error);
    if (error)
      throw FileError("compare", "{} cannot be made: {}.", printable((path_ / folder).string()), error.message());
  }
  write_file_atomically(path_ / kMarker, kMark);
}

std::optional<RunResult> StudyFolder::find(const std::string& identity) const {
  const fs::path file = path_ / "runs" / (identity + ".json");
  std::error_code error;
  if (!fs::exists(file, error)) return {};
  auto result = parse_run_result(read_file("compare", file, kMostBytes), printable(file.string()));
  if (result.identity != identity)
    throw FileError("compare", "{} holds another run. Remove it, and it is computed again.", printable(file.string()));
  return result;
}

Items StudyFolder::items(const std::string& hash) const {
  const fs::path file = path_ / "items" / (hash + ".json");
  auto items = parse_items(read_file("compare", file, kMostBytes), printable(file.string()));
  if (items.hash() != hash)
    throw FileError("compare", "{} has been changed since it was written.", printable(file.string()));
  return items;
}

StudyFolder::Claim::~Claim() {
  if (file_ >= 0) ::close(file_);
}

std::optional<StudyFolder::Claim> StudyFolder::claim(const std::string& identity) const {
  const fs::path path = path_ / "locks" / identity;
  const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666);
  if (file < 0) {
    throw FileError("compare", "{} cannot be written: {}.", printable(path.string()), std::strerror(errno));
  }
  Claim claim(file);
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return claim;
  if (errno == EWOULDBLOCK) return {};
  throw FileError("compare", "{} cannot be locked: {}. Give --output a folder on a file system with locks.",
                  printable(path.string()), std::strerror(errno));
}

void StudyFolder::add(const RunResult& result) {
  write_file_atomically(path_ / "runs" / (result.identity + ".json"), to_json(result));
}

std::string StudyFolder::add(const Items& items) {
  const std::string hash = items.hash();
  const fs::path file = path_ / "items" / (hash + ".json");
  std::error_code error;
  if (!fs::exists(file, error)) write_file_atomically(file, to_json(items));
  return hash;
}

OptionValues StudyFolder::solved(const std::string& key) const {
  const fs::path file = path_ / "budgets" / (key + ".yaml");
  std::error_code error;
  if (!fs::exists(file, error)) return {};
  return io::read_yaml_options(file);
}

void StudyFolder::add_solved(const std::string& key, const OptionValues& options) {
  std::error_code error;
  fs::create_directories(path_ / "budgets", error);  // where it cannot be, writing says so
  write_file_atomically(path_ / "budgets" / (key + ".yaml"), io::print_yaml_options(options));
}

int64_t StudyFolder::take_from(const fs::path& other) {
  std::error_code error;
  if (!fs::exists(other / kMarker, error))
    throw FileError("compare", "{} is no folder of a study: there is no {} in it.", printable(other.string()), kMarker);
  check_mark(other);
  int64_t taken = 0;
  for (const auto& entry : fs::directory_iterator(other / "budgets", error)) {
    const std::string key = entry.path().stem().string();
    if (entry.path().extension() == ".yaml" && solved(key).empty())
      add_solved(key, io::read_yaml_options(entry.path()));
  }
  for (const auto* kind : {"items", "runs"}) {
    for (const auto& entry : fs::directory_iterator(other / kind, error)) {
      const fs::path here = path_ / kind / entry.path().filename();
      if (entry.path().extension() != ".json") continue;
      const std::string text = read_file("compare", entry.path(), kMostBytes);
      const std::string name = printable(entry.path().string());
      if (std::string_view(kind) == "items") {
        parse_items(text, name);
        if (!fs::exists(here, error)) write_file_atomically(here, text);
        continue;
      }
      const auto theirs = parse_run_result(text, name);
      const auto ours = find(theirs.identity);
      if (ours && ours->outcome != Outcome::failed) continue;
      write_file_atomically(here, text);
      ++taken;
    }
  }
  return taken;
}

}  // namespace graft::study
