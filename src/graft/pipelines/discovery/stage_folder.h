// One step of a pipeline as a folder. Beside what it gave lies what it was computed of, stage.json: options and hashes
// of what it read. So a changed option runs the step again and what depends on it, and nothing else; and what it gave
// may be looked at, or replaced by hand: whoever reads it next sees that it holds something else.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "graft/core/log.h"
#include "graft/core/options.h"

namespace graft::pipelines {

class StageFolder {
 public:
  // ConfigError for a folder that holds something and is no stage.
  StageFolder(std::filesystem::path folder, OptionValues inputs);

  bool is_done() const { return has_same_inputs_ && was_done_; }
  bool has_same_inputs() const { return has_same_inputs_; }  // what lies there is of these, all or some of it
  // The first of the inputs that changed, "threshold 0.5 -> 0.6"; empty where there was no stage, or nothing changed.
  const std::string& change() const { return change_; }

  // Of other inputs: says as `name` which, and takes away what lies there. From now on it holds these, not all.
  void begin(std::string_view name, Reporter& report);
  void finish();  // it holds all

  // A hash of its files' names and bytes, the record and what begins with a dot left out.
  std::string content() const;
  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path operator/(const std::filesystem::path& name) const { return folder_ / name; }

 private:
  void write_record(bool done) const;

  std::filesystem::path folder_;
  OptionValues inputs_;
  bool has_same_inputs_ = false, was_done_ = false;
  std::string change_;
};

}  // namespace graft::pipelines
