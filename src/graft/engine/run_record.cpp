#include "graft/engine/run_record.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "graft/core/error.h"
#include "graft/features/build_id.h"

namespace graft::engine {
namespace {

constexpr const char* kRecord = "run.json";

nlohmann::ordered_json to_json_object(const RunIdentity::Photos& photos) {
  return {{"photos", photos.count}, {"hash", photos.hash}};
}

RunIdentity::Photos photos_of(const nlohmann::json& json) {
  return {json.at("photos").get<int64_t>(), json.at("hash").get<std::string>()};
}

// One line for photos that are not what they were.
std::string photos_changed(const char* split, const RunIdentity::Photos& then, const RunIdentity::Photos& now) {
  if (then == now) return "";
  if (then.count != now.count)
    return fmt::format("\n  {}: there were {} photos, there are {}", split, then.count, now.count);
  return fmt::format("\n  {}: {} photos as before, but their contents, labels or order have changed", split, now.count);
}

}  // namespace

std::string machine_of_this_run() {
  return fmt::format("build {}, {}, {} threads", features::build_id(), at::get_cpu_capability(), at::get_num_threads());
}

std::string to_json(const RunRecord& record) {
  const auto& id = record.identity;
  const nlohmann::ordered_json json = {{"version", 1},
                                       {"command", record.command},
                                       {"machine", record.machine},
                                       {"processes", record.legs},
                                       {"seconds", record.seconds},
                                       {"train_seconds", record.train_seconds},
                                       {"identity",
                                        {{"options", id.options},
                                         {"model", id.model},
                                         {"classes", id.classes},
                                         {"train", to_json_object(id.train)},
                                         {"val", to_json_object(id.val)},
                                         {"test", to_json_object(id.test)},
                                         {"teacher", id.teacher}}}};
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::optional<RunRecord> read_run_record(const std::filesystem::path& folder) {
  const auto file = folder / kRecord;
  std::error_code error;
  if (!std::filesystem::exists(file, error)) return {};
  std::ifstream stream(file);
  try {
    const auto json = nlohmann::json::parse(stream);
    const auto& id = json.at("identity");
    return RunRecord{.identity = {.options = id.at("options"),
                                  .model = id.at("model"),
                                  .classes = id.at("classes"),
                                  .train = photos_of(id.at("train")),
                                  .val = photos_of(id.at("val")),
                                  .test = photos_of(id.at("test")),
                                  .teacher = id.value("teacher", std::string())},
                     .command = json.at("command"),
                     .machine = json.at("machine"),
                     .seconds = json.at("seconds"),
                     .train_seconds = json.at("train_seconds"),
                     .legs = json.at("processes")};
  } catch (const nlohmann::json::exception&) {
    throw FileError("resume", "{} is damaged: it does not say what the run was. Start a new run.", file.string());
  }
}

void check_same_run(const std::filesystem::path& folder, const RunIdentity& then, const RunIdentity& now) {
  constexpr const char* kWayOn = "Nothing was touched. Bring back what was there, or start a new run with -o.";
  std::string data;
  if (then.classes != now.classes) data += "\n  the classes, or their order";
  data += photos_changed("train", then.train, now.train);
  data += photos_changed("val", then.val, now.val);
  data += photos_changed("test", then.test, now.test);
  if (!data.empty()) {
    throw DataError("resume", "{} cannot go on: its data has changed since it began:{}\n  {}", folder.string(), data,
                    kWayOn);
  }
  if (then.model != now.model) {
    throw ModelError(
        "resume",
        "{} cannot go on: its model's weights, or what its files say of how they are read, have changed since it "
        "began ({}... then, {}... now). {}",
        folder.string(), then.model.substr(0, 8), now.model.substr(0, 8), kWayOn);
  }
  if (then.teacher != now.teacher) {
    throw ModelError("resume", "{} cannot go on: its teacher has changed since it began. {}", folder.string(), kWayOn);
  }
  if (then.options != now.options) {
    throw ConfigError("resume",
                      "{} cannot go on: its config.yaml, or a default that it hangs on, has changed since it "
                      "began. {}",
                      folder.string(), kWayOn);
  }
}

}  // namespace graft::engine
