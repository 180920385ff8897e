#include "graft/train/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <vector>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/nn/tensor_file.h"

namespace graft::train {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::string_view kPartial = ".partial-";
constexpr int kStateVersion = 2;  // 1 knew accuracies, and counts in place of weights

void sync_folder(const fs::path& folder) {
  const int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return;
  ::fsync(handle);
  ::close(handle);
}

void put(nn::NamedTensors& all, const std::string& prefix, const nn::NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors)
    all[prefix + name] = tensor;
}

nn::NamedTensors take(const nn::NamedTensors& all, const std::string& prefix) {
  nn::NamedTensors tensors;
  for (const auto& [name, tensor] : all) {
    if (name.starts_with(prefix)) tensors[name.substr(prefix.size())] = tensor;
  }
  return tensors;
}

// Complete checkpoints, oldest first.
std::vector<fs::path> all_checkpoints(const fs::path& folder) {
  std::vector<fs::path> found;
  if (!fs::is_directory(folder)) return found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with("step-") && entry.is_directory()) found.push_back(entry.path());
  }
  // Steps past six digits have longer names.
  std::sort(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) {
    const auto x = a.filename().string(), y = b.filename().string();
    return x.size() != y.size() ? x.size() < y.size() : x < y;
  });
  return found;
}

void remove_partial(const fs::path& folder) {
  std::error_code ignored;
  std::vector<fs::path> partial;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with(kPartial)) partial.push_back(entry.path());
  }
  for (const auto& path : partial)
    fs::remove_all(path, ignored);
}

void point_last_at(const fs::path& folder, const fs::path& name) {
  std::error_code ignored;  // a convenience: resuming looks at the names, so that a file system without links will do
  const fs::path link = folder / (std::string(kPartial) + "last");
  fs::remove(link, ignored);
  fs::create_directory_symlink(name, link, ignored);
  fs::rename(link, folder / "last", ignored);
}

}  // namespace

fs::path checkpoint_name(int64_t step) {
  return fmt::format("step-{:06}", step);
}

fs::path save_checkpoint(const fs::path& folder, const Checkpoint& c, int64_t keep) {
  const fs::path name = checkpoint_name(c.step);
  const fs::path partial = folder / (std::string(kPartial) + name.string());
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) remove_partial(folder);
  if (!error) fs::create_directory(partial, error);
  if (error) throw FileError("checkpoint", "{} cannot be created: {}.", partial.string(), error.message());
  try {
    nn::NamedTensors all;
    put(all, "parameter.", c.parameters);
    put(all, "optimizer.", c.optimizer);
    put(all, "best.", c.best);
    nn::write_tensors(partial / "state.safetensors", all);
    const json state{{"version", kStateVersion},
                     {"identity", c.identity},
                     {"step", c.step},
                     {"epoch", c.epoch},
                     {"batch", c.batch},
                     {"metrics_bytes", c.metrics_bytes},
                     {"best_score", c.best_score},
                     {"best_epoch", c.best_epoch},
                     {"optimizer_steps", c.optimizer_steps},
                     {"finished", c.finished},
                     {"loss_sum", c.loss_sum},
                     {"weight_sum", c.weight_sum},
                     {"train_seconds", c.train_seconds}};
    write_file_atomically(partial / "state.json", state.dump(1) + "\n");
  } catch (...) {
    fs::remove_all(partial, error);
    throw;
  }
  sync_folder(partial);
  // The same step again: a run resumed from an older checkpoint. The new one holds the same bits.
  fs::remove_all(folder / name, error);
  fs::rename(partial, folder / name, error);
  if (error) throw FileError("checkpoint", "{} cannot be put in place: {}.", (folder / name).string(), error.message());
  sync_folder(folder);
  point_last_at(folder, name);
  auto older = all_checkpoints(folder);
  for (size_t i = 0; i + static_cast<size_t>(std::max<int64_t>(keep, 1)) < older.size(); ++i) {
    fs::remove_all(older[i], error);
  }
  return folder / name;
}

std::optional<fs::path> last_checkpoint(const fs::path& folder) {
  const auto found = all_checkpoints(folder);
  if (found.empty()) return {};
  return found.back();
}

std::optional<Checkpoint> load_last_checkpoint(const fs::path& folder) {
  const auto last = last_checkpoint(folder);
  if (!last) return {};
  const fs::path& newest = *last;
  Checkpoint c;
  try {
    std::ifstream file(newest / "state.json");
    const json state = json::parse(file);
    c.identity = state.at("identity");
    c.step = state.at("step");
    c.epoch = state.at("epoch");
    c.batch = state.at("batch");
    c.metrics_bytes = state.at("metrics_bytes");
    const int version = state.at("version");
    if (version > kStateVersion) {
      throw FileError("checkpoint", "{} is of version {}, this graft reads up to {}. Use a newer graft.",
                      (newest / "state.json").string(), version, kStateVersion);
    }
    c.best_score = state.at(version == 1 ? "best_accuracy" : "best_score");
    c.best_epoch = state.at("best_epoch");
    c.optimizer_steps = state.at("optimizer_steps");
    c.finished = state.at("finished");
    c.loss_sum = state.at("loss_sum");
    c.weight_sum = state.at(version == 1 ? "loss_count" : "weight_sum");
    c.train_seconds = state.value("train_seconds", 0.0);  // older ones do not say
  } catch (const json::exception&) {
    throw FileError("checkpoint", "{} is damaged. Remove that folder to go on from the one before.",
                    (newest / "state.json").string());
  }
  const nn::NamedTensors all = nn::read_tensors(newest / "state.safetensors");
  c.parameters = take(all, "parameter.");
  c.optimizer = take(all, "optimizer.");
  c.best = take(all, "best.");
  return c;
}

}  // namespace graft::train
