// What a user may say about a run. Flags, environment, YAML, the resolved config.yaml and the docs all read these
// lists; a command's options are put together from the structs here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/options.h"
#include "graft/data/check_images.h"
#include "graft/data/clip_reading.h"
#include "graft/data/dataset.h"
#include "graft/data/epoch_order.h"
#include "graft/data/group_balance.h"
#include "graft/io/hub.h"
#include "graft/methods/method.h"
#include "graft/methods/recipe.h"
#include "graft/models/told.h"
#include "graft/planner/recompute.h"

namespace graft::engine {

// What the machine and the caller give a run: the library reads neither environment nor home folder by itself.
struct Host {
  io::Environment environment = [](std::string_view) { return std::nullopt; };
  std::filesystem::path cache_dir;  // features/ lies below it; empty: nothing is kept between runs
  std::string command;              // as typed, for the record
};

struct ModelOptions {
  std::string model;
  std::string text_model = {};
  std::string as;
  std::optional<int64_t> image_size = {};
  std::string precision = "auto";
  std::string device = "cpu";
  int64_t threads = 0;
  models::Told told = {};
};
template <class Visitor>
void fields(Visitor& visit, ModelOptions& o) {
  visit("model", o.model, "folder, file, or org/name in the Hugging Face cache");
  visit("text-model", o.text_model,
        "a second model that reads the captions of photos, in place of the first's own text tower: a sentence encoder");
  visit("as", o.as, "family to read the weights as, where a lone file could be two");
  visit("image-size", o.image_size, "side in pixels; positions are interpolated (default: the model's own)");
  visit("precision", o.precision,
        "how frozen weights are held: fp32, bf16, int8, nf4, or auto (bf16 where the processor has it)");
  visit("device", o.device, "where to compute: cpu");
  visit("threads", o.threads, "threads that compute; 0: one a core, or OMP_NUM_THREADS");
  fields(visit, o.told);
}

struct DataOptions {
  std::string data;
  data::DatasetOptions dataset;
  data::OnBadFile on_bad_file = data::OnBadFile::refuse;
  std::optional<data::Exif> exif = {};
  std::optional<int64_t> max_length = {};
  data::ClipOptions clips = {};
  bool cache_frames = false;
  int64_t workers = 2;
  bool cache = true;
};
template <class Visitor>
void fields(Visitor& visit, DataOptions& o) {
  visit("data", o.data, "folder of photos, texts or clips, table (CSV, TSV, JSONL), split file or list of clips");
  fields(visit, o.dataset);
  visit("on-bad-file", o.on_bad_file, "a photo or clip that cannot be read: refuse the run, or skip it");
  visit("exif", o.exif,
        "photos with an orientation tag: keep them as they are stored, or turn them upright (default: as the run was "
        "trained, else keep)");
  visit("max-length", o.max_length,
        "tokens that are read of a text; of longer ones the end is cut (default: the model's most)");
  fields(visit, o.clips);
  visit("cache-frames", o.cache_frames, "clips: keep decoded and resized frames on disk for later epochs and runs");
  visit("workers", o.workers, "threads that decode photos and clips; the numbers do not depend on it");
  visit("cache", o.cache, "keep frozen features on disk for the next run");
}

// How a run trains: what is not asked for is as the method's recipe has it.
struct TrainOptions : methods::RecipeChanges {
  std::optional<std::string> loss;  // absent: the task's own
  std::string mix;
  data::Grouping grouping = data::Grouping::none;
  std::optional<double> group_dro = {};
  std::optional<double> aux_loss = {};
  std::string block;
  int64_t grad_accum = 1;
  planner::Recompute recompute = planner::Recompute::automatic;
  int64_t val_every = 1;
  int64_t patience = 0;
  int64_t checkpoint_every = 0;
  int64_t keep = 2;
};
template <class Visitor>
void fields(Visitor& visit, TrainOptions& o) {
  fields(visit, static_cast<methods::RecipeChanges&>(o));
  visit("loss", o.loss,
        "what is made small: a loss by its name, with its options as in focal:gamma=1 (default: the task's own, of "
        "classes "
        "cross-entropy, of captions info-nce)");
  visit("mix", o.mix,
        "make training examples of two: mixup or cutmix with its options, or both, as in mixup:alpha=0.2,cutmix; of "
        "pairs mixgen");
  visit("group-by", o.grouping,
        "what comes in one batch together: nothing but by chance (none), or examples whose files have one name, as a "
        "clip and its counterpart in another class (name)");
  visit("group-dro", o.group_dro,
        "make the loss of the worst group small: eta, by which groups' weights follow their losses after each batch, "
        "as in 0.01 (with --group-column)");
  visit("aux-loss", o.aux_loss,
        "masks by DeepLabv3: weight of the loss of a second classifier, behind layer 3, that trains along and answers "
        "nothing; torchvision trains with 0.5 (default: there is none)");
  visit("block", o.block,
        "put small networks into a ResNet that train with it: nonlocal, se, cbam or gc with its options, several with "
        "commas between, as in nonlocal:at=layer3.1,se");
  visit("grad-accum", o.grad_accum, "batches whose gradients make one step");
  visit("recompute", o.recompute,
        "run blocks a second time in the backward, to keep only their inputs; auto: where the memory asks for it");
  visit("val-every", o.val_every, "epochs between validations; 0: only after the last");
  visit("patience", o.patience,
        "stop after so many epochs without a better validation accuracy, and keep the best; 0: never");
  visit("checkpoint-every", o.checkpoint_every,
        "steps between checkpoints; 0: at the end of an epoch, at most every 10 s");
  visit("keep", o.keep, "checkpoints that stay on disk");
}

// Who says more of the training examples than the data does, and what of that a run is to learn.
struct TeacherOptions {
  std::string teacher;
  std::string distil;
  std::optional<data::Reads> reads = {};
  bool shuffle = false;
};
template <class Visitor>
void fields(Visitor& visit, TeacherOptions& o) {
  visit("teacher", o.teacher,
        "who teaches: a run folder, a model (a CLIP by its class prompts), or a file of features; asked once of each "
        "training example as it is, without augmentation");
  visit("distil", o.distil,
        "what is learned of the teacher: kl, feature-matching or relational with its options, as in kl:temperature=2 "
        "(default: kl; of photos with captions relational)");
  visit("teacher-reads", o.reads,
        "which of its towers a teacher of two is asked with: photo, or text with the captions of the photos (default: "
        "photo)");
  visit("teacher-shuffle", o.shuffle,
        "give each example what the teacher says of another one, drawn by the seed: what is then learned owes nothing "
        "to what it says");
}

struct AdaptOptions {
  ModelOptions model;
  DataOptions data;
  std::string method;
  std::string task = {};
  int64_t shots = 0;
  data::Balance balance = data::Balance::none;
  std::optional<models::HeadKind> classifier = {};
  std::string templates;
  std::string templates_file;
  TrainOptions train;
  TeacherOptions teacher = {};
  int64_t seed = 1;
  std::string memory;
  std::string output;
  std::string resume;
  bool force = false;
};
template <class Visitor>
void fields(Visitor& visit, AdaptOptions& o) {
  fields(visit, o.model);
  fields(visit, o.data);
  visit("method", o.method, "how to adapt: a name that `graft methods` lists, or several joined by +");
  visit(
      "task", o.task,
      "what is learned, by name: what the data tells (default), or detection, of boxes, which has options of its own: "
      "graft adapt --task detection --help");
  visit("shots", o.shots, "photos a class to train on, drawn by CoOp's protocol; 0: all");
  visit("balance", o.balance,
        "train on as many examples of each group as the smallest has, drawn by the seed (group); with --train-split a "
        "held-out split and linear-probe this is last-layer retraining");
  visit("classifier", o.classifier, "a linear head or class prompts (default: prompts where the model reads text)");
  visit("template", o.templates, "class prompt with {} for the name; several, one a line, make an ensemble");
  visit("templates", o.templates_file, "file of class prompts, one a line");
  fields(visit, o.train);
  fields(visit, o.teacher);
  visit("seed", o.seed, "same seed, same numbers");
  visit("memory", o.memory, "most that the run may hold, as 4G or 900M (default: what the machine has left)");
  visit("output", o.output, "run folder to write");
  visit("resume", o.resume, "run folder to go on with");
  visit("force", o.force, "write over a run folder that exists");
}

// What --task calls the learning of boxes, which a detector does and no head (pipelines/detect_train.h).
inline constexpr const char* kDetectionTask = "detection";
inline constexpr const char* kLanguageTask = "next-token";

// A flat list as a file or command line gives it, told apart: what is not a general option belongs to the method. An
// option that neither knows is a ConfigError with the nearest name of both.
struct AdaptRequest {
  AdaptOptions options;
  OptionValues method_options;
  OptionValues given = {};  // of both what was said, as it was
};
AdaptRequest read_adapt_request(const OptionValues& values);

// Every option with its value, the method's defaults included; what config.yaml holds.
OptionValues resolved(const AdaptRequest& request);

// The method's options with their defaults; of several methods, with the prefix ("lora.rank").
std::vector<OptionInfo> method_option_infos(const std::string& method);

// The method's recipe with what the user set laid over it; values out of range are one ConfigError.
methods::Recipe asked_recipe(const TrainOptions& options, const methods::Recipe& own);
// A recipe of so many steps has the epochs that these take. ConfigError where others were asked for.
void follow_steps(methods::Recipe& recipe, const TrainOptions& options, int64_t train_size);

// Templates from the option and the file; "a photo of a {}." when both are empty. ConfigError for one without {}.
std::vector<std::string> read_templates(const std::string& templates, const std::string& file);

}  // namespace graft::engine
