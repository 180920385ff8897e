#include "graft/engine/run_data.h"

#include "graft/engine/merged_folder.h"
#include "graft/io/json_object.h"
#include "graft/io/yaml_options.h"

namespace graft::engine {

namespace fs = std::filesystem;

std::optional<DataOptions> data_of_run(const fs::path& run) {
  const auto config = run / "config.yaml";
  std::error_code error;
  if (!fs::exists(config, error)) return std::nullopt;
  return read_adapt_request(io::read_yaml_options(config)).options.data;
}

std::optional<int64_t> max_length_of_run(const fs::path& run) {
  const auto data = data_of_run(run);
  return data ? data->max_length : std::nullopt;
}

data::ClipOptions clips_for(const data::ClipOptions& asked, const fs::path& run, int64_t frames) {
  const auto data = data_of_run(run);
  auto clips = data ? data::with(asked, data->clips) : asked;
  if (frames > 1 && !clips.frames) clips.frames = frames;
  return clips;
}

data::Exif exif_of_run(const fs::path& run) {
  data::Exif exif = data::Exif::keep;
  if (const auto merged = is_merged(run) ? io::JsonObject::read(run / kMergedFile) : std::nullopt) {
    option::parse("data", "exif", merged->object("merged").get("exif", option::print(exif)), exif);
    return exif;
  }
  std::error_code error;
  if (!fs::exists(run / "config.yaml", error)) return exif;
  const auto config = io::read_yaml_options(run / "config.yaml");
  const auto found = config.find("exif");
  if (found != config.end() && !found->second.empty()) option::parse("data", "exif", found->second, exif);
  return exif;
}

}  // namespace graft::engine
