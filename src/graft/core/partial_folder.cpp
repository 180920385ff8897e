#include "graft/core/partial_folder.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "graft/core/error.h"

namespace graft {

namespace fs = std::filesystem;

namespace {

std::string beginning(const fs::path& output) {
  return fmt::format(".{}.partial-", output.filename().string());
}

}  // namespace

void PartialFolder::check_output(const std::string& where, const std::filesystem::path& output, bool force) {
  if (!std::filesystem::exists(output)) return;
  if (!std::filesystem::is_directory(output)) {
    throw FileError(where, "{} is a file; {} writes a folder. Choose another --output.", output.string(), where);
  }
  if (!std::filesystem::is_empty(output) && !force) {
    throw ConfigError(where, "{} exists. Write over it with --force, or choose another --output.", output.string());
  }
}

PartialFolder::PartialFolder(std::string where, fs::path output)
    : where_(std::move(where)),
      output_(output.has_filename() ? std::move(output) : output.parent_path()),
      path_(output_.parent_path() / fmt::format("{}{}", beginning(output_), ::getpid())) {
  remove_those_left_behind();
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) throw FileError(where_, "{} cannot be created: {}.", path_.string(), error.message());
}

PartialFolder::~PartialFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void PartialFolder::commit() {
  std::error_code error;
  if (!fs::exists(output_) || fs::is_empty(output_)) {
    fs::rename(path_, output_, error);
  } else {
    for (const auto& entry : fs::directory_iterator(path_)) {
      fs::rename(entry.path(), output_ / entry.path().filename(), error);
      if (error) break;
    }
  }
  if (error) throw FileError(where_, "{} cannot be written: {}.", output_.string(), error.message());
}

// Of processes that were killed.
void PartialFolder::remove_those_left_behind() const {
  std::error_code error;
  const auto start = beginning(output_);
  const auto beside = output_.parent_path().empty() ? fs::path(".") : output_.parent_path();
  for (const auto& entry : fs::directory_iterator(beside, error)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(start)) continue;
    pid_t process = 0;
    const auto [end, wrong] = std::from_chars(name.data() + start.size(), name.data() + name.size(), process);
    const bool number = wrong == std::errc() && end == name.data() + name.size() && process > 0;
    if (number && ::kill(process, 0) != 0 && errno == ESRCH) fs::remove_all(entry.path(), error);
  }
}

}  // namespace graft
