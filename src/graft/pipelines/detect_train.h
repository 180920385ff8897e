// `graft detect train` and `graft adapt --task detection`: a one-stage detector (FCOS, models/fcos) on a set of boxes
// of any format that detection/ reads, on the network of a ResNet's or of a detector's checkpoint, which trains whole
// or by an efficient method.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/log.h"
#include "graft/core/options.h"
#include "graft/engine/options.h"
#include "graft/pipelines/detection/box_photos.h"
#include "graft/tasks/scores.h"

namespace graft::pipelines {

// What is learned: of `graft adapt` one of several.
enum class DetectorTask { detection };
std::vector<std::pair<DetectorTask, std::string>> choices(DetectorTask);

enum class BoxAugmentation { none, flip, flip_scale };
std::vector<std::pair<BoxAugmentation, std::string>> choices(BoxAugmentation);

struct DetectTrainOptions {
  DetectorTask task = DetectorTask::detection;
  std::string model;
  std::string data;
  std::string images;
  std::string validation;
  std::string validation_images;
  std::string classes;
  Unlooked unlooked = Unlooked::masked;
  std::string method = "full";
  int64_t image_size = 320;
  int64_t width = 128;
  int64_t convolutions = 2;
  int64_t epochs = 24;
  int64_t batch_size = 8;
  double lr = 5e-4;
  double weight_decay = 1e-4;
  double warmup = 1;
  double clip = 10;
  BoxAugmentation augment = BoxAugmentation::flip_scale;
  int64_t val_every = 0;
  int64_t checkpoint_every = 0;
  int64_t keep = 2;
  int64_t threads = 0;
  int64_t seed = 1;
  std::string output;
  std::string resume;
  bool force = false;
};
template <class Visitor>
void fields(Visitor& visit, DetectTrainOptions& o) {
  visit("task", o.task, "what is learned; `graft adapt --task detection` is the same run");
  visit(
      "model", o.model,
      "a ResNet, whose detector's head is then new; or a detector, which goes on: classes that it knows by name stay");
  visit("data", o.data, "photos with boxes: a file or folder of any format that graft data knows");
  visit("images", o.images, "folder of its photos (default: beside it)");
  visit("validation", o.validation, "a second such set, on which average precision is told");
  visit("validation-images", o.validation_images, "folder of its photos (default: beside it)");
  visit("classes", o.classes,
        "names of the classes to tell: a file with one a line, or a,b,c (default: all of the set's)");
  visit("unknown", o.unlooked,
        "what a class that nobody looked for in a photo is there: nothing that is learned from (masked), or not there "
        "(background)");
  visit("method", o.method, "how the network adapts: a name that `graft methods` lists; the head trains besides");
  visit("image-size", o.image_size, "side of the square that photos are fitted into; a multiple of 32");
  visit("width", o.width, "channels of a new head's pyramid and towers; a multiple of 32 (torchvision: 256)");
  visit("convolutions", o.convolutions, "of each of a new head's two towers (torchvision: 4)");
  visit("epochs", o.epochs, "passes over the photos");
  visit("batch-size", o.batch_size, "photos a step");
  visit("lr", o.lr, "largest learning rate, of AdamW; it falls as a cosine");
  visit("weight-decay", o.weight_decay, "decay of matrices; biases and norms have none");
  visit("warmup", o.warmup, "epochs of rising learning rate");
  visit("clip", o.clip, "largest norm of all gradients together; 0: none");
  visit("augment", o.augment, "random changes of training photos: none, flip, or flip-scale");
  visit("val-every", o.val_every, "epochs between validations; 0: only after the last");
  visit("checkpoint-every", o.checkpoint_every,
        "steps between checkpoints; 0: at the end of an epoch, at most every 10 s");
  visit("keep", o.keep, "checkpoints that stay on disk");
  visit("threads", o.threads, "threads that compute; 0: one a core, or OMP_NUM_THREADS");
  visit("seed", o.seed, "same seed, same numbers");
  visit("output", o.output, "run folder to write");
  visit("resume", o.resume, "run folder to go on with, as it was begun");
  visit("force", o.force, "write over a run folder that exists");
}

struct DetectTrainResult {
  std::filesystem::path folder;
  int64_t steps = 0;
  double seconds = 0;
  int stopped_by = 0;
  std::optional<tasks::Scores> validation;
  std::vector<std::string> classes;
};

// ConfigError for values out of range; what the set, its photos and the model are refused for besides.
DetectTrainResult detect_train(const DetectTrainOptions& options, const OptionValues& method_options,
                               const engine::Host& host, Reporter& report);

// Of a run folder's config.yaml: the options that it was begun with, and its method's.
std::pair<DetectTrainOptions, OptionValues> begun_with(const std::filesystem::path& folder);

}  // namespace graft::pipelines
