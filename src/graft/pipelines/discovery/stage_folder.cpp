#include "graft/pipelines/discovery/stage_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/core/read_file.h"
#include "graft/io/json_object.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRecord = "stage.json";

std::string first_change(const OptionValues& before, const OptionValues& now) {
  const auto value_in = [](const OptionValues& values, const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  };
  for (const auto* names : {&now, &before}) {
    for (const auto& [name, ignored] : *names) {
      const auto was = value_in(before, name), is = value_in(now, name);
      if (was == is) continue;
      const bool is_hash = was.size() == 32 || is.size() == 32;
      return is_hash ? name + " changed"
                     : fmt::format("{} {} -> {}", name, was.empty() ? "unset" : was, is.empty() ? "unset" : is);
    }
  }
  return "";
}

}  // namespace

StageFolder::StageFolder(fs::path folder, OptionValues inputs)
    : folder_(std::move(folder)), inputs_(std::move(inputs)) {
  if (const auto record = io::JsonObject::read(folder_ / kRecord)) {
    OptionValues before;
    const auto& stored = record->value();
    if (const auto found = stored.find("inputs"); found != stored.end() && found->is_object()) {
      for (const auto& [name, value] : found->items())
        before[name] = value.is_string() ? value.get<std::string>() : value.dump();
    }
    change_ = first_change(before, inputs_);
    has_same_inputs_ = before == inputs_;
    was_done_ = record->get("done", false);
    return;
  }
  std::error_code error;
  if (fs::exists(folder_, error) && (!fs::is_directory(folder_, error) || !fs::is_empty(folder_, error)))
    throw ConfigError("output",
                      "{} is there, and no stage that graft wrote: expected an empty or a new folder. Choose "
                      "another --output.",
                      folder_.string());
}

void StageFolder::begin(std::string_view name, Reporter& report) {
  if (!change_.empty()) report.line(name, fmt::format("again: {}", change_));
  if (!has_same_inputs_) {
    std::vector<fs::path> old;
    if (fs::exists(folder_)) {
      for (const auto& entry : fs::directory_iterator(folder_))
        if (entry.path().filename() != kRecord) old.push_back(entry.path());
    }
    for (const auto& path : old)
      fs::remove_all(path);
  }
  fs::create_directories(folder_);
  write_record(false);
  has_same_inputs_ = true;
  was_done_ = false;
}

void StageFolder::finish() {
  write_record(true);
  was_done_ = true;
}

std::string StageFolder::content() const {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    const auto name = entry.path().filename().string();
    if (entry.is_regular_file() && name != kRecord && !name.starts_with('.'))
      names.push_back(entry.path().lexically_relative(folder_).string());
  }
  std::ranges::sort(names);
  Hash hash;
  for (const auto& name : names)
    hash.add(name).add(read_file("output", folder_ / name));
  return hash.hex();
}

void StageFolder::write_record(bool done) const {
  const nlohmann::ordered_json record = {{"done", done}, {"inputs", inputs_}};
  write_file_atomically(folder_ / kRecord, record.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace graft::pipelines
