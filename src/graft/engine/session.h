// One loaded model, one data set and the frozen features computed so far, so that several methods and seeds run without
// loading, decoding or encoding again. The model is as it was loaded between runs.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "graft/core/log.h"
#include "graft/data/check_images.h"
#include "graft/data/clip_reading.h"
#include "graft/data/frame_cache.h"
#include "graft/data/image_cache.h"
#include "graft/engine/options.h"
#include "graft/features/encoder.h"
#include "graft/models/model.h"

namespace graft::engine {

// What reads the frames of clips; with --cache-frames it keeps them below the host's cache.
std::shared_ptr<data::FrameCache> frame_cache(const DataOptions& options, const Host& host);

// "auto" is what the processor is best at; UsageError for a name that is none.
tensor::Precision choose_precision(const std::string& asked);
// Says as `as` what a model is, "ViT-B/16 + text 512 · 149.6 M frozen (bf16, 2 threads)", in that state, and what had
// to be assumed.
void report_model(const models::Model& model, std::string_view as, std::string_view state, Reporter& report);

// Loads what the options name, frozen and at the precision that they ask for, and says as `as` what it is ("ViT-B/16 +
// text 512 · 149.6 M frozen (bf16, 2 threads)") and what had to be assumed.
std::shared_ptr<models::Model> load_frozen(const ModelOptions& options, const Host& host, std::string_view as,
                                           Reporter& report);

// The same of the model that a run is about, at the thread count that they ask for. ConfigError for a device that this
// build has not.
std::shared_ptr<models::Model> open_model(const ModelOptions& options, const Host& host, Reporter& report);

class Session {
 public:
  // Loads both and says so. `needed` splits that the data lacks are a DataError, as are unreadable photos (unless
  // skipped) of the splits that are used: those needed, and val beside train. With `shots` the photos to train and to
  // choose on are read only once they are drawn.
  Session(const ModelOptions& model, const DataOptions& data, const Host& host, Reporter& report,
          const std::vector<data::Split>& needed = {data::Split::train, data::Split::test}, int64_t shots = 0);

  // The photos of a run: all, or `shots` a class. Where a drawn one cannot be read, and is skipped, the draw is made
  // again without it.
  data::Dataset draw(int64_t shots, uint64_t seed, Reporter& report);

  // A split's samples as the model reads them; photos and clips with random changes, where there are any. What texts
  // lose is told to `told`, where there is one.
  std::shared_ptr<const data::Source> source(const data::Dataset& dataset, data::Split split,
                                             const data::Augmentation& augmentation, Reporter* told) const;

  const std::shared_ptr<models::Model>& model() const { return model_; }
  const data::Dataset& dataset() const { return dataset_; }  // without what was skipped
  const std::vector<data::BadFile>& bad_files() const { return bad_files_; }
  const std::shared_ptr<data::ImageCache>& images() const { return images_; }
  const std::shared_ptr<data::FrameCache>& frames() const { return frames_; }
  const data::ClipReading& clips() const { return clips_; }  // how clips are read
  features::Encoder& encoder() { return *encoder_; }
  const DataOptions& data_options() const { return data_options_; }
  const Host& host() const { return host_; }

 private:
  // Reads the photos of the splits, as far as there are any; true if none was bad. What is bad is refused, or left out
  // of the data set.
  bool check(const data::Dataset& photos, const std::vector<data::Split>& splits);
  void report_photos(const data::Dataset& photos, const std::vector<data::Split>& splits, Reporter& report) const;

  DataOptions data_options_;
  Host host_;
  bool draws_ = false;  // photos to train on are read when they are drawn
  std::shared_ptr<models::Model> model_;
  data::Dataset dataset_;
  std::vector<data::BadFile> bad_files_;
  std::shared_ptr<data::ImageCache> images_;
  data::ClipReading clips_;
  std::shared_ptr<data::FrameCache> frames_;
  std::unique_ptr<features::Encoder> encoder_;
};

}  // namespace graft::engine
