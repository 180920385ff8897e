#include "graft/pipelines/segment_predict.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <filesystem>

#include "graft/core/error.h"
#include "graft/data/format.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/photo_list.h"
#include "graft/pipelines/evaluate.h"
#include "graft/pipelines/segment_train.h"
#include "graft/pipelines/stored_discovery.h"
#include "graft/tasks/pixel_counts.h"
#include "graft/tasks/task.h"

namespace graft::pipelines {
namespace {

void check(const SegmentPredictOptions& options) {
  if (std::filesystem::is_directory(options.model))
    throw UsageError(
        "segment",
        "{} is a folder: expected an ONNX file. What graft trained is named without --model: graft segment "
        "predict {} PHOTO.",
        options.model, options.model);
  if (options.threads < 0) throw ConfigError("segment", "--threads {}: expected 0 or more.", options.threads);
}

// What it gives of a photo as a score a class, [C, h, w]; of one map how surely there is an object.
at::Tensor scores_of(const at::Tensor& map, const models::onnx::PhotoNetwork& network) {
  if (map.size(0) > 1) return map;
  const auto object = network.gives_shares() ? map : map.sigmoid();
  return at::cat({1 - object, object});
}

// The classes that a graph tells itself, [1, h, w], each pixel as its nearest place.
data::Mask mask_of_classes(const at::Tensor& classes, data::Size photo, size_t count, const std::string& file) {
  const auto least = classes.min().item<int64_t>(), most = classes.max().item<int64_t>();
  if (least < 0 || most >= static_cast<int64_t>(count))
    throw ModelError("segment", "{} tells class {} of a photo: expected 0 to {}, as --classes has names.", file,
                     least < 0 ? least : most, count - 1);
  const auto at_size = at::upsample_nearest2d(classes.to(at::kFloat).unsqueeze(0), {photo.height, photo.width})
                           .to(at::kByte)
                           .contiguous();
  const auto* bytes = at_size.const_data_ptr<std::uint8_t>();
  return {.width = photo.width, .height = photo.height, .classes = {bytes, bytes + at_size.numel()}, .palette = {}};
}

// Of so many classes, or of those that the graph tells by number (0).
std::vector<std::string> names_of(const SegmentPredictOptions& options, size_t count) {
  if (!options.classes.empty()) {
    const auto names = data::class_names(options.classes);
    if (count != 0 && names.size() != count)
      throw ConfigError("segment", "--classes {}: {} names, where {} has {} classes.", options.classes, names.size(),
                        options.model, count);
    return names;
  }
  if (count == 0)
    throw ConfigError("segment", "{} tells classes by number and not how many there are. Name them with --classes.",
                      options.model);
  if (count == 2) return {"background", "object"};
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i)
    names.push_back(fmt::format("class {}", i));
  return names;
}

// The first photo tells how many classes there are.
data::Mask mask_of(const models::onnx::PhotoNetwork& network, const std::string& name, const io::Image& photo,
                   const SegmentPredictOptions& options, std::vector<std::string>& classes) {
  const data::Size size{photo.height, photo.width};
  const auto map = network.read(photo);
  const bool told = !map.is_floating_point();
  const auto scores = told ? map : scores_of(map, network);
  if (classes.empty()) classes = names_of(options, told ? 0 : static_cast<size_t>(scores.size(0)));
  if (told ? map.size(0) != 1 : static_cast<size_t>(scores.size(0)) != classes.size())
    throw ModelError("segment", "{} gives {} maps of {}.", options.model, map.size(0), name);
  return told ? mask_of_classes(map, size, classes.size(), options.model)
              : tasks::answer_pixels(scores, *data::untold(size)).told;
}

// The run that answers, of a folder that is one, or holds rounds.
std::filesystem::path run_of(const std::string& folder) {
  const auto rounds = rounds_below(folder);
  if (!rounds.empty()) return rounds.back();
  if (is_discovery(folder))
    throw UsageError("segment",
                     "{} has masks and no segmenter yet. Train one: graft segment train {} --model M --method NAME.",
                     folder, folder);
  return folder;
}

void refuse_options_of_files(const SegmentPredictOptions& options) {
  const auto defaults = write_options(models::onnx::PhotoOptions{});
  for (const auto& [name, value] : write_options(options.photo)) {
    if (value != defaults.at(name))
      throw ConfigError("segment", "--{} {}: is for an ONNX file, and {} knows how it reads photos. Leave it out.",
                        name, value, options.run);
  }
}

// What a run tells, as it is written by `graft predict`.
ToldMasks told_by_run(const SegmentPredictOptions& options, const engine::Host& host, Reporter& report) {
  refuse_options_of_files(options);
  PredictOptions predicting;
  predicting.run = run_of(options.run).string();
  const auto task = engine::read_adapter_info(predicting.run).task;
  if (tasks::find_task(task).target != data::Target::mask)
    throw ConfigError("segment", "{} tells {}, and no masks. It answers with graft predict.", predicting.run,
                      tasks::find_task(task).summary);
  report.line("run", predicting.run);
  predicting.model.threads = options.threads;
  predicting.files = options.files;
  predicting.classes = options.classes;
  predicting.on_bad_file = options.on_bad_file;
  predicting.exif = options.exif;
  predicting.workers = options.workers;
  predicting.output = options.output;
  const auto answers = predict(predicting, host, report);
  ToldMasks told{.classes = answers.classes, .photos = {}};
  const auto everywhere = answers.predictions.pixels.select(1, 3).to(at::kDouble);  // [N, K]
  const auto shares = (everywhere / everywhere.sum(1, true)).contiguous();
  const auto* first = shares.const_data_ptr<double>();
  for (size_t i = 0; i < answers.predictions.files.size(); ++i) {
    const auto* own = first + static_cast<int64_t>(i) * shares.size(1);
    told.photos.push_back({answers.predictions.files[i], {own, own + shares.size(1)}});
  }
  return told;
}

}  // namespace

ToldMasks segment_predict(const SegmentPredictOptions& options, const engine::Host& host, Reporter& report) {
  if (!options.run.empty()) return told_by_run(options, host, report);
  check(options);
  if (options.threads > 0) at::set_num_threads(static_cast<int>(options.threads));
  const models::onnx::PhotoNetwork network(options.model, options.photo);
  for (const auto& note : network.notes())
    report.note(note);
  data::ImageCache images(options.exif.value_or(data::Exif::keep));
  engine::DataOptions data;
  data.on_bad_file = options.on_bad_file;
  data.workers = options.workers;
  const auto photos = engine::readable(engine::list_photos(options.files), data, images);
  return tell_masks(photos, images, {}, options.output, report,
                    [&](const std::string& name, const io::Image& photo, std::vector<std::string>& classes) {
                      return mask_of(network, name, photo, options, classes);
                    });
}

}  // namespace graft::pipelines
