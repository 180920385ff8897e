#include "graft/engine/session.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/quantities.h"
#include "graft/data/check_clips.h"
#include "graft/data/duplicates.h"
#include "graft/data/few_shot.h"
#include "graft/data/photo_findings.h"
#include "graft/engine/compute_threads.h"
#include "graft/engine/photo_list.h"
#include "graft/io/model_folder.h"
#include "graft/models/feature_model.h"
#include "graft/models/sources.h"

namespace graft::engine {
namespace {

constexpr int64_t kLargestImage = 16384;  // a million patches of 16 pixels

std::string describe(const data::Dataset& dataset, size_t bad) {
  const auto photos = [](const std::vector<data::Sample>& split) { return fmt::format("{:L}", split.size()); };
  const std::string of =
      dataset.target == data::Target::value     ? "a number each"
      : dataset.target == data::Target::caption ? "a caption each"
      : dataset.target == data::Target::mask    ? fmt::format("{} classes of pixels", dataset.classes.size())
      : dataset.target == data::Target::labels  ? fmt::format("any of {} classes", dataset.classes.size())
                                                : fmt::format("{} classes", dataset.classes.size());
  std::string text = fmt::format("{}  {}{} · {} train · ", dataset.name,
                                 dataset.reads == data::Reads::text   ? "texts · "
                                 : dataset.reads == data::Reads::clip ? "clips · "
                                 : dataset.reads == data::Reads::features
                                     ? fmt::format("features of width {} · ", dataset.features->width)
                                     : "",
                                 of, photos(dataset.train));
  if (!dataset.val.empty()) text += photos(dataset.val) + " val · ";
  text += photos(dataset.test) + " test";
  if (bad > 0) text += fmt::format(" · {} {} unreadable, left out", bad, bad == 1 ? "file" : "files");
  for (const auto& remark : dataset.remarks)
    text += " · " + remark;
  return text;
}

// Of features no model is read.
std::shared_ptr<models::Model> open_features(const data::Dataset& dataset, const ModelOptions& options,
                                             const Host& host, Reporter& report) {
  if (!options.model.empty())
    throw UsageError("model", "--model {}: {} holds features, which no model reads. Leave it out.", options.model,
                     dataset.name);
  set_compute_threads(options.threads, host, report);
  return models::feature_model(*dataset.features, dataset.name);
}

}  // namespace

tensor::Precision choose_precision(const std::string& asked) {
  return asked == "auto" ? tensor::default_precision() : tensor::parse_precision(asked);
}

void report_model(const models::Model& model, std::string_view as, std::string_view state, Reporter& report) {
  const auto& info = model.info();
  const auto threads = at::get_num_threads();
  report.line(
      as, fmt::format("{} · {} · {} {} ({}, {} thread{})", info.source, info.description, format_count(info.parameters),
                      state, tensor::to_string(model.precision()), threads, threads == 1 ? "" : "s"));
  for (const auto& note : info.notes)
    report.note(note);
}

std::shared_ptr<data::FrameCache> frame_cache(const DataOptions& options, const Host& host) {
  data::FrameCache::Options of;
  of.clip.colour = options.clips.colour.value_or(of.clip.colour);
  if (options.cache_frames) {
    if (host.cache_dir.empty())
      throw ConfigError("data", "--cache-frames: there is no folder for caches. Leave it out.");
    of.folder = host.cache_dir / "frames";
  }
  return std::make_shared<data::FrameCache>(std::move(of));
}

std::shared_ptr<models::Model> load_frozen(const ModelOptions& options, const Host& host, std::string_view as,
                                           Reporter& report) {
  models::LoadOptions load{.precision = choose_precision(options.precision),
                           .as = options.as,
                           .image_size = options.image_size,
                           .told = options.told};
  const auto folder = io::ModelFolder::find(options.model, host.environment);
  std::shared_ptr<models::Model> model = models::load_model(folder, load);
  if (!options.text_model.empty()) {
    models::LoadOptions texts{.precision = load.precision};
    texts.told.reads = data::Reads::text;
    model = model->joined_with(*models::load_model(io::ModelFolder::find(options.text_model, host.environment), texts));
  }
  if (const auto& from = options.told.attention_from; from == models::kRandomAttention) {
    model = model->with_random_attention(Random(0).fork(from));
  } else if (!from.empty()) {
    model = model->with_attention_of(
        *models::load_model(io::ModelFolder::find(from, host.environment), {.precision = load.precision}));
  }
  model->freeze_all_but({});
  report_model(*model, as, "frozen", report);
  return model;
}

std::shared_ptr<models::Model> open_model(const ModelOptions& options, const Host& host, Reporter& report) {
  if (options.model.empty()) throw UsageError("model", "which model? Give --model a folder, a file or org/name.");
  if (options.device != "cpu") {
    throw ConfigError("model",
                      "--device {}: graft computes frozen weights on the cpu, and on nothing else. Leave --device out.",
                      options.device);
  }
  if (options.image_size && *options.image_size > kLargestImage) {
    throw ConfigError("model", "--image-size {}: expected at most {}.", *options.image_size, kLargestImage);
  }
  set_compute_threads(options.threads, host, report);
  return load_frozen(options, host, "model", report);
}

Session::Session(const ModelOptions& model, const DataOptions& data, const Host& host, Reporter& report,
                 const std::vector<data::Split>& needed, int64_t shots)
    : data_options_(data),
      host_(host),
      draws_(shots > 0),
      images_(std::make_shared<data::ImageCache>(data.exif.value_or(data::Exif::keep))),
      clips_(data::reading_of(data.clips)),
      frames_(frame_cache(data, host)) {
  if (data.data.empty()) throw UsageError("data", "which photos? Give --data a folder, a table or a split file.");
  if (data.workers < 0) throw ConfigError("data", "--workers: expected 0 or more, got {}.", data.workers);
  dataset_ = data::open_dataset(data.data, data.dataset, needed);
  const bool features = dataset_.reads == data::Reads::features;
  model_ = features ? open_features(dataset_, model, host, report) : open_model(model, host, report);
  if (const auto own = model_->reader().frames(); own > 0 && !data.clips.frames) clips_.sampling.frames = own;
  std::vector<data::Split> used = needed;
  const bool trains = std::ranges::find(used, data::Split::train) != used.end();
  if (trains && draws_) std::erase(used, data::Split::train);
  if (trains && !draws_) used.push_back(data::Split::val);
  check(dataset_, used);
  report.line("data", describe(dataset_, bad_files_.size()));
  for (const auto& note : dataset_.notes)
    report.note({note});
  if (!draws_) report_photos(dataset_, used, report);
  encoder_ = std::make_unique<features::Encoder>(
      model_, images_,
      features::EncoderOptions{.workers = data.workers,
                               .cache_dir = data.cache && !features ? host.cache_dir : std::filesystem::path()});
}

bool Session::check(const data::Dataset& photos, const std::vector<data::Split>& splits) {
  if (photos.reads == data::Reads::text || photos.reads == data::Reads::features) return true;
  const int threads = static_cast<int>(std::max<int64_t>(1, data_options_.workers));
  const auto bad = photos.reads == data::Reads::clip ? data::check_clips(photos, splits, threads, *frames_)
                                                     : data::check_images(photos, splits, threads, images_.get());
  dataset_ = data::without_bad_files(std::move(dataset_), bad, data_options_.on_bad_file);
  bad_files_.insert(bad_files_.end(), bad.begin(), bad.end());
  return bad.empty();
}

void Session::report_photos(const data::Dataset& photos, const std::vector<data::Split>& splits,
                            Reporter& report) const {
  if (photos.reads == data::Reads::clip) return data::report_clips(photos, splits, clips_, *frames_, report);
  std::vector<std::filesystem::path> paths;
  for (const auto split : photos.reads == data::Reads::photo ? splits : std::vector<data::Split>{}) {
    for (const auto& sample : photos.split(split))
      paths.push_back(photos.path(sample));
  }
  data::report_findings(paths, *images_, report);
  for (const auto& note : data::duplicate_notes(photos, *images_))
    report.note({note});
}

std::shared_ptr<const data::Source> Session::source(const data::Dataset& dataset, data::Split split,
                                                    const data::Augmentation& augmentation, Reporter* told) const {
  return models::source_of(*model_, dataset, dataset.split(split),
                           {.images = images_,
                            .clips = clips_,
                            .frames = frames_,
                            .augmentation = augmentation,
                            .max_length = data_options_.max_length,
                            .workers = std::max<int64_t>(1, data_options_.workers)},
                           told);
}

data::Dataset Session::draw(int64_t shots, uint64_t seed, Reporter& report) {
  if (shots == 0) return dataset_;
  const auto bad_before = bad_files_.size();
  auto drawn = data::few_shot(dataset_, shots, seed);
  while (!check(drawn, {data::Split::train, data::Split::val}))
    drawn = data::few_shot(dataset_, shots, seed);
  if (bad_files_.size() > bad_before)
    report.line("data", fmt::format("of the {} drawn, {} unreadable, left out", data::unit_of(dataset_.reads),
                                    bad_files_.size() - bad_before));
  if (std::exchange(draws_, false))
    report_photos(drawn, {data::Split::train, data::Split::val, data::Split::test}, report);
  return drawn;
}

}  // namespace graft::engine
