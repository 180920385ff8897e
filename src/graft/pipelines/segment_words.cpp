#include "graft/pipelines/segment_words.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "graft/core/error.h"
#include "graft/data/format.h"
#include "graft/discovery/patch_reader.h"
#include "graft/discovery/word_masks.h"
#include "graft/engine/photo_list.h"
#include "graft/engine/prompt_notes.h"
#include "graft/engine/session.h"
#include "graft/models/clip/dense_words.h"
#include "graft/tasks/pixel_counts.h"

namespace graft::pipelines {
namespace {

void check(const SegmentWordsOptions& options) {
  if (options.side && *options.side < 1) throw ConfigError("segment", "--side {}: expected 1 or more.", *options.side);
  if (!(options.denoise >= 0 && options.denoise <= 1))
    throw ConfigError("segment", "--denoise {}: expected from 0 to 1.", options.denoise);
  if (options.background && !(*options.background > 0 && *options.background < 1))
    throw ConfigError("segment", "--background {}: expected more than 0 and less than 1.", *options.background);
}

// What is known of a photo's places: scores [C, h, w], keys [h * w, D] where they are asked for.
struct Places {
  at::Tensor scores, keys;
};

class Reading {
 public:
  Reading(const SegmentWordsOptions& options, const std::shared_ptr<models::Model>& model,
          const models::DenseWords& words)
      : options_(options),
        model_(model),
        words_(words),
        reader_(model, {}),
        patch_(discovery::need_vit(*model).patch()),
        own_(model->info().preprocessing.output()) {}

  Places read(const io::Image& photo) const {
    const int64_t side = options_.side.value_or(options_.windows ? 2 * std::min(own_.height, own_.width)
                                                                 : std::min(own_.height, own_.width));
    const auto size = reader_.size_for({photo.height, photo.width}, side);
    return options_.windows ? in_windows(photo, size) : whole(photo, size);
  }

 private:
  Places whole(const io::Image& photo, data::Size size) const {
    return {words_.logits(discovery::pixels_at(*model_, photo, size)),
            options_.refine ? reader_.read(photo, size).keys : at::Tensor()};
  }

  // Squares of the model's own size, half of one apart, the last ones flush with the edge: means over those that see a
  // place.
  Places in_windows(const io::Image& photo, data::Size size) const {
    const auto pixels = discovery::pixels_at(*model_, photo, size);
    const int64_t rows = size.height / patch_, columns = size.width / patch_;
    const int64_t height = std::min<int64_t>(own_.height / patch_, rows),
                  width = std::min<int64_t>(own_.width / patch_, columns);
    at::Tensor sum, keys, seen = torch::zeros({rows, columns}, pixels.options());
    for (const auto top : starts(rows, height)) {
      for (const auto left : starts(columns, width)) {
        const auto window = pixels.narrow(2, top * patch_, height * patch_).narrow(3, left * patch_, width * patch_);
        const auto scores = words_.logits(window.contiguous());
        if (!sum.defined()) sum = torch::zeros({scores.size(0), rows, columns}, scores.options());
        sum.narrow(1, top, height).narrow(2, left, width).add_(scores);
        seen.narrow(0, top, height).narrow(1, left, width).add_(1);
        if (!options_.refine) continue;
        const auto own = reader_.read(window.contiguous()).keys.unflatten(0, {height, width});
        if (!keys.defined()) keys = torch::zeros({rows, columns, own.size(2)}, own.options());
        keys.narrow(0, top, height).narrow(1, left, width).add_(own);
      }
    }
    return {sum / seen, keys.defined() ? (keys / seen.unsqueeze(2)).flatten(0, 1) : keys};
  }

  static std::vector<int64_t> starts(int64_t length, int64_t window) {
    std::vector<int64_t> all;
    const int64_t step = std::max<int64_t>(1, window / 2);
    for (int64_t at = 0; at + window < length; at += step)
      all.push_back(at);
    all.push_back(length - window);
    return all;
  }

  const SegmentWordsOptions& options_;
  std::shared_ptr<models::Model> model_;
  const models::DenseWords& words_;
  discovery::PatchReader reader_;
  int64_t patch_;
  data::Size own_;
};

// [C, h, w], the largest of which is told.
at::Tensor told(const Places& places, const SegmentWordsOptions& options) {
  auto scores = places.scores;
  if (options.refine) scores = discovery::without_unseen(scores, options.denoise);
  if (!options.refine && !options.background) return scores;
  auto probabilities = at::softmax(scores, 0);
  if (options.background)
    probabilities = at::cat({at::full_like(probabilities.narrow(0, 0, 1), *options.background), probabilities});
  return options.refine ? discovery::smoothed(probabilities, places.keys) : probabilities;
}

}  // namespace

ToldMasks segment_by_words(const SegmentWordsOptions& options, const engine::Host& host, Reporter& report) {
  check(options);
  const auto named = data::class_names(options.classes);
  if (named.size() + (options.background ? 1 : 0) < 2)
    throw ConfigError("segment", "--classes {}: expected two names or more, or --background beside one.",
                      options.classes);
  if (options.background && std::ranges::find(named, kBackground) != named.end())
    throw ConfigError("segment", "--background goes with no class that is called background. Leave one of them out.");
  std::vector<std::string> names;
  for (const auto& name : named)
    names.push_back(data::prompt_name(name));

  const auto model = engine::open_model(options.model, host, report);
  const models::DenseWords words(model, names, engine::read_templates(options.templates, options.templates_file));
  engine::say_of_prompts(words.prompts(), named, report);
  data::ImageCache images(options.exif);
  engine::DataOptions data;
  data.data = options.images;
  data.on_bad_file = options.on_bad_file;
  data.workers = options.workers;
  const auto photos = engine::readable(engine::list_photos(data, ""), data, images);
  report.line("images", photos.describe(options.images));

  std::vector<std::string> classes;
  if (options.background) classes.emplace_back(kBackground);
  classes.insert(classes.end(), named.begin(), named.end());
  const Reading reading(options, model, words);
  return tell_masks(photos, images, std::move(classes), options.output, report,
                    [&](const std::string&, const io::Image& photo, std::vector<std::string>&) {
                      const auto places = told(reading.read(photo), options);
                      return tasks::answer_pixels(places, *data::untold({photo.height, photo.width})).told;
                    });
}

}  // namespace graft::pipelines
