#include "graft/engine/run_data.h"

#include "graft/core/error.h"
#include "graft/engine/merged_folder.h"
#include "graft/engine/named_adapter.h"
#include "graft/io/json_object.h"
#include "graft/io/yaml_options.h"
#include "graft/models/feature_model.h"

namespace graft::engine {

namespace fs = std::filesystem;

std::optional<DataOptions> data_of_run(const fs::path& named) {
  const auto config = adapter_folder(named) / "config.yaml";
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

ModelOptions model_of_run(const AdapterInfo& info, ModelOptions options, Reporter& report) {
  if (info.family == models::kFeatureFamily) return options;
  if (options.model.empty() && info.base.empty()) {
    throw UsageError("adapter",
                     "the adapter does not say which model it is for (base_model_name_or_path). Give --model.");
  }
  if (options.model.empty()) options.model = info.base;
  if (options.text_model.empty()) options.text_model = info.text_model;
  if (info.image_size > 0) {
    if (!options.image_size) options.image_size = info.image_size;
    if (*options.image_size != info.image_size) {
      report.note({.text = fmt::format("trained at {} pixels, used at {} as --image-size says", info.image_size,
                                       *options.image_size)});
    }
  }
  if (options.precision == "auto" && !info.precision.empty()) options.precision = info.precision;
  auto told = info.told;
  for (const auto& [name, text] : write_options(options.told))
    if (!text.empty()) told[name] = text;
  options.told = read_options<models::Told>("adapter", told);
  return options;
}

data::Exif exif_of_run(const fs::path& named) {
  const auto run = adapter_folder(named);
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
