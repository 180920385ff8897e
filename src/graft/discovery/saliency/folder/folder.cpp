#include "graft/discovery/saliency/folder/folder.h"

#include <torch/types.h>

#include <filesystem>

#include "graft/core/error.h"
#include "graft/data/image_cache.h"
#include "graft/discovery/saliency/map_file.h"

namespace graft::discovery::folder {
namespace {

namespace fs = std::filesystem;

class Folder final : public Saliency {
 public:
  explicit Folder(Options options) : options_(std::move(options)) {
    if (options_.dir.empty()) throw UsageError("saliency", "which masks? Name their folder, as in folder:masks/.");
    if (!fs::is_directory(options_.dir)) throw DataError("saliency", "{} is no folder of masks.", options_.dir);
  }

  bool reads_patches() const override { return false; }

  std::string content(const std::string& name) const override { return data::content_of_file(file_of(name)); }

  Salient find(const SeenPhoto& photo) const override {
    const auto file = file_of(photo.name);
    const auto map = read_map(file);
    if (map.size(0) != photo.size.height || map.size(1) != photo.size.width)
      throw DataError("saliency", "{} has {} x {} pixels, its photo {} x {}: expected one size.", file.string(),
                      map.size(1), map.size(0), photo.size.width, photo.size.height);
    if (map.max().item<double>() == 0) return {{}, "its mask is empty"};
    return {map};
  }

 private:
  fs::path file_of(const std::string& name) const {
    const auto file = (fs::path(options_.dir) / name).replace_extension(".png");
    if (!fs::exists(file)) throw DataError("saliency", "{}: the mask of {} is not there.", file.string(), name);
    return file;
  }

  Options options_;
};

}  // namespace

extern const SaliencyEntry entry = {
    .name = "folder",
    .summary = "masks that somebody else made",
    .paper = "",
    .alone = "dir",
    .options = [] { return describe_options<Options>(); },
    .parse = [](const OptionValues& values) -> std::unique_ptr<Saliency> {
      return std::make_unique<Folder>(read_options<Options>("folder", values));
    },
};

}  // namespace graft::discovery::folder
