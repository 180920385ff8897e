#include "graft/engine/prepared_run.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/quantities.h"
#include "graft/data/epoch_order.h"
#include "graft/data/group_balance.h"
#include "graft/data/loader.h"
#include "graft/data/mask_source.h"
#include "graft/data/photo_findings.h"
#include "graft/engine/augmentation.h"
#include "graft/engine/caption_findings.h"
#include "graft/engine/loaded_batches.h"
#include "graft/engine/photo_list.h"
#include "graft/engine/prompt_notes.h"
#include "graft/methods/entry.h"
#include "graft/models/sources.h"
#include "graft/plugins/blocks/placing.h"
#include "graft/tensor/on_cpu.h"
#include "graft/train/run_folder.h"

namespace graft::engine {
namespace {

// All targets once, then all again: [views * N, ...].
at::Tensor repeated(const at::Tensor& targets, int64_t views) {
  return views == 1 ? targets : at::cat(std::vector<at::Tensor>(static_cast<size_t>(views), targets));
}

// How many training examples each class has.
std::vector<int64_t> counts_of(const data::Dataset& dataset) {
  std::vector<int64_t> counts(dataset.classes.size());
  for (const auto& sample : dataset.train) {
    if (dataset.target == data::Target::label && sample.label >= 0) ++counts[static_cast<size_t>(sample.label)];
    for (size_t c = 0; dataset.target == data::Target::labels && c < sample.values.size(); ++c)
      counts[c] += sample.values[c] > 0.5F ? 1 : 0;
  }
  return counts;
}

}  // namespace

PreparedRun::PreparedRun(Session& with, AdaptOptions asked, const OptionValues& of_method, Reporter& to)
    : session(with), options(std::move(asked)), method_options(of_method), report(to), restore_(*session.model()) {
  check_options();
  dataset = session.draw(options.shots, seed(), report);
  if (options.balance == data::Balance::group) {
    const auto before = dataset.train.size();
    dataset = data::balanced_by_group(dataset, seed());
    report.line("data", fmt::format("as many of each group: {} of {} to train on", dataset.train.size(), before));
  }
  for (const auto split : {data::Split::train, data::Split::val, data::Split::test})
    sources_[split] = session.source(dataset, split, {}, &report);
  choose();
}

void PreparedRun::check_options() const {
  if (options.method.empty()) throw UsageError("adapt", "which method? Give --method one that `graft methods` lists.");
  check_task_name();
  if (!options.train.block.empty()) plugins::check_blocks(options.train.block);
  const auto& teacher = options.teacher;
  if (!teacher.distil.empty()) plugins::make_distillation(teacher.distil);
  if (teacher.teacher.empty() && (!teacher.distil.empty() || teacher.reads || teacher.shuffle)) {
    throw ConfigError("teacher", "--{}: who teaches? Name a run, a model or a file of features with --teacher.",
                      !teacher.distil.empty() ? "distil"
                      : teacher.reads         ? "teacher-reads"
                                              : "teacher-shuffle");
  }
  if (options.shots < 0) throw ConfigError("adapt", "--shots: expected 0 or more, got {}.", options.shots);
  if (!options.output.empty() && options.resume.empty()) train::RunFolder::check_output(options.output, options.force);
}

void PreparedRun::check_task_name() const {
  if (options.task == kLanguageTask) {
    throw ConfigError("adapt", "--task {}: language is learned by `graft adapt` and `graft lm train` alone.",
                      kLanguageTask);
  }
  if (options.task == kDetectionTask) {
    throw ConfigError("adapt", "--task {}: boxes are learned by `graft adapt` and `graft detect train` alone.",
                      kDetectionTask);
  }
  std::vector<std::string> known = {kDetectionTask, kLanguageTask};
  for (const auto* entry : tasks::tasks())
    known.emplace_back(entry->name);
  if (options.task.empty() || std::ranges::find(known, options.task) != known.end()) return;
  throw ConfigError("adapt", "--task: {}", unknown_name("task", options.task, known));
}

// A task is known by what is told of the examples.
void PreparedRun::check_task() const {
  const auto& own = tasks::task_of(dataset.target);
  if (options.task.empty() || options.task == own.name) return;
  throw ConfigError("adapt", "--task {}: what {} tells is {}. Say --task {}, or leave it out.", options.task,
                    dataset.name, own.summary, own.name);
}

// Method, recipe and classifier, and where training begins.
void PreparedRun::choose() {
  check_task();
  const auto model = session.model();
  options.train.loss = options.train.loss.value_or(tasks::task_of(dataset.target).own_loss);
  auto method = methods::make_method(options.method, method_options);
  const methods::Setting setting{.model = model,
                                 .classes = dataset.classes,
                                 .shots = options.shots,
                                 .train_size = static_cast<int64_t>(dataset.train.size()),
                                 .target = dataset.target,
                                 .outputs = data::outputs_of(dataset),
                                 .frames = frames(),
                                 .templates = read_templates(options.templates, options.templates_file),
                                 .loss = loss_of_head()};
  earliest_ = model->reader().last();
  method->decide(
      setting, [this](auto split, auto at, auto views) { return features(split, at, views); }, report);
  method_options = method->config();

  const auto train_size = static_cast<int64_t>(dataset.train.size());
  if (options.train.batch_size && *options.train.batch_size > train_size) {
    throw ConfigError("train", "--batch-size {}: there are {} training {}.", *options.train.batch_size, train_size,
                      data::unit_of(dataset.reads));
  }
  recipe = asked_recipe(options.train, method->recipe(setting));
  const char* no_photos = dataset.reads == data::Reads::text       ? "texts"
                          : dataset.reads == data::Reads::features ? "features"
                                                                   : nullptr;
  if (no_photos) {
    if (options.train.augmentation.value_or(methods::Augmentation::none) != methods::Augmentation::none) {
      throw ConfigError("train", "--augment {}: changes photos, and {} holds {}. Leave it out.",
                        option::print(*options.train.augmentation), dataset.name, no_photos);
    }
    recipe.augmentation = methods::Augmentation::none;
  }
  task = tasks::task_of(dataset.target)
             .make({.loss = asked_loss(),
                    .label_smoothing = recipe.label_smoothing,
                    .classes = dataset.classes,
                    .counts = counts_of(dataset)});
  recipe.batch_size = std::min(recipe.batch_size, train_size);
  if (const auto least = tasks::task_of(dataset.target).least_batch; recipe.batch_size < least) {
    throw ConfigError("train", "--batch-size {}: {} is told from the others of its batch. Expected {} or more.",
                      recipe.batch_size, tasks::task_of(dataset.target).summary, least);
  }
  follow_steps(recipe, options.train, train_size);
  attach(std::move(method));
  if (adapted.head->has_own_loss()) check_own_loss();
  if (options.classifier && *options.classifier != adapted.head->kind()) {
    throw ConfigError("adapt", "--classifier {}: {} has {}, which no classifier tells. Leave it out.",
                      models::to_string(*options.classifier), dataset.name, tasks::task_of(dataset.target).summary);
  }
  if (!options.train.mix.empty()) prepare_mixing();
  if (dataset.target == data::Target::caption && augments() && trains())
    warn_of_captions(dataset.train, augmentation_of(recipe), option::print(recipe.augmentation), report);
  if (dataset.target == data::Target::mask && augments()) data::check_follows(augmentation_of(recipe));
  if (!options.teacher.teacher.empty()) prepare_teaching();
  if (options.train.group_dro) prepare_groups();
  if (options.train.aux_loss) prepare_auxiliary();
  groups_ = data::groups_of(dataset, options.train.grouping, recipe.batch_size);
  if (!options.train.block.empty()) need_steps("block", "no block would train");

  const auto examples = static_cast<int64_t>(dataset.train.size() + dataset.test.size());
  place = features::kept_place(model->reader(), std::min(earliest_, adapted.head_at));
  kept = place > 0 && session.encoder().fits(examples, place, frames());
  objective = std::make_unique<ModelObjective>(adapted, session.encoder(),
                                               ModelObjective::Options{.place = place,
                                                                       .task = task,
                                                                       .target = dataset.target,
                                                                       .cached = kept,
                                                                       .mixing = mixing_,
                                                                       .teaching = teaching_,
                                                                       .groups = group_training_,
                                                                       .auxiliary = auxiliary_},
                                               source(data::Split::val), report);
  if (trains()) check_smallest_batch();
}

// Empty where it is the task's own.
std::string PreparedRun::asked_loss() const {
  return *options.train.loss == tasks::task_of(dataset.target).own_loss ? "" : *options.train.loss;
}

// Where the head holds what of the loss trains.
std::string PreparedRun::loss_of_head() const {
  const bool of_examples = data::has_classes(dataset.target) || dataset.target == data::Target::mask;
  return of_examples ? "" : asked_loss();
}

// Of one example there may be no variance for a batch norm to go by: told now, and not at the end of an epoch.
void PreparedRun::check_smallest_batch() const {
  if (adapted.statistics.empty() ||
      (recipe.batch_size > 1 && source(data::Split::train)->size() % recipe.batch_size != 1))
    return;
  const torch::NoGradGuard no_grad;
  nn::Context context{.training = true};
  auto& tower = adapted.model->reader();
  tower.run(models::blank_value(*adapted.model, *source(data::Split::train), 1), 0, adapted.head_at, context);
}

// What would change the task's loss changes nothing where the method has another.
void PreparedRun::check_own_loss() const {
  const auto refuse = [&](const std::string& option) {
    throw ConfigError("train", "{}: {} learns by an objective of its own. Leave it out.", option, options.method);
  };
  if (!asked_loss().empty()) refuse("--loss " + asked_loss());
  if (!options.train.mix.empty()) refuse("--mix " + options.train.mix);
  if (!options.teacher.teacher.empty()) refuse("--teacher " + options.teacher.teacher);
  if (recipe.label_smoothing != 0) refuse(fmt::format("--label-smoothing {}", recipe.label_smoothing));
}

void PreparedRun::prepare_mixing() {
  mixing_ = {std::make_shared<plugins::Mixer>(options.train.mix), Random(seed()).fork("mixing").seed(),
             adapted.head->outputs()};
  check_mixing(*mixing_.mixer, dataset, recipe.batch_size);
  if (mixing_.mixer->joins_captions()) {
    const auto& texts = session.model()->need(nn::Tower::text);
    mixing_.frame = frame_of(*texts.tokenizer(), session.data_options().max_length.value_or(texts.context_length()));
    check_joining(*source(data::Split::train), mixing_.frame, report);
  }
  need_steps("mix", "no batch would be mixed");
}

void PreparedRun::prepare_groups() {
  const auto option = fmt::format("--group-dro {}", *options.train.group_dro);
  const auto refuse = [&](const std::string& other) {
    throw ConfigError("train", "{}: tells the losses of groups apart, and {} has none. Leave one of the two out.",
                      option, other);
  };
  if (!options.train.mix.empty()) refuse("an example that --mix makes of two");
  if (!options.teacher.teacher.empty()) refuse("what --teacher says");
  if (adapted.head->has_own_loss()) refuse(options.method + ", which learns by an objective of its own,");
  need_steps("group-dro", "no loss would be made small");
  const auto names = data::training_groups(dataset, option);
  const auto source = this->source(data::Split::train);
  std::vector<int64_t> numbers;
  for (int64_t i = 0; i < source->size(); ++i)
    numbers.push_back(std::ranges::lower_bound(names, source->group(i)) - names.begin());
  group_training_ = {std::make_shared<plugins::GroupWeights>(std::ssize(names), *options.train.group_dro),
                     torch::tensor(numbers, tensor::on_cpu(at::kLong))};
}

void PreparedRun::prepare_auxiliary() {
  const auto option = fmt::format("--aux-loss {}", *options.train.aux_loss);
  if (!(*options.train.aux_loss > 0)) throw ConfigError("train", "{}: expected more than 0.", option);
  auto& model = *adapted.model;
  const auto behind = models::deeplab::auxiliary_place(model);
  if (dataset.target != data::Target::mask || !behind) {
    throw ConfigError("train", "{}: is for masks by DeepLabv3, and this is {} by {}. Leave it out.", option,
                      tasks::task_of(dataset.target).summary, model.info().source);
  }
  const auto refuse = [&](const std::string& other) {
    throw ConfigError("train", "{}: does not go together with {}. Leave one of the two out.", option, other);
  };
  if (!options.train.mix.empty()) refuse("--mix " + options.train.mix);
  if (options.train.group_dro) refuse("--group-dro");
  need_steps("aux-loss", "nothing would learn of it");
  if (earliest_ >= *behind) {
    throw ConfigError("train", "{}: {} changes nothing up to layer 3, which its loss would teach. Take --method full.",
                      option, options.method);
  }
  auxiliary_ = {.head = std::make_shared<models::deeplab::AuxiliaryHead>(
                    model.reader().width(*behind), adapted.head->outputs(), Random(seed()).fork("auxiliary")),
                .place = *behind,
                .weight = *options.train.aux_loss};
  const auto base = io::ModelFolder::find(options.model.model, session.host().environment);
  const auto began = auxiliary_.head->begin_with(models::own_weights(base, base.open(), options.model.as));
  report.note({fmt::format("a second classifier behind layer 3 trains beside, {}; it lies in {}",
                           began.classes ? "from the checkpoint's own"
                           : began.maps  ? "from the checkpoint's own with new classes"
                                         : "new",
                           kAuxiliaryFile),
               /*numbers=*/false});
}

std::string PreparedRun::distillation() const {
  if (!options.teacher.distil.empty()) return options.teacher.distil;
  return dataset.target == data::Target::caption ? "relational" : "kl";
}

// What nothing could be learned by, before the teacher is asked.
void PreparedRun::check_teaching(const plugins::Distillation& by) const {
  if (!options.train.mix.empty()) {
    throw ConfigError("teacher",
                      "--mix {}: the teacher is asked of single examples, and says nothing of two made one. Leave one "
                      "of the two out.",
                      options.train.mix);
  }
  need_steps("teacher", "nothing would be learned of it");
  if (by.compares() == plugins::Compared::answers && dataset.target != data::Target::label) {
    throw ConfigError("teacher",
                      "--distil {}: compares answers of which one is right, and {} has {}. Take relational or "
                      "feature-matching.",
                      distillation(), dataset.name, tasks::task_of(dataset.target).summary);
  }
  if (by.compares() == plugins::Compared::features && earliest_ >= adapted.head_at && !teaching_.of_captions) {
    throw ConfigError("teacher",
                      "--distil {}: {} changes nothing below the head, so that the features stay what they are. Take "
                      "kl, or a method that changes the network.",
                      distillation(), options.method);
  }
  if (recipe.batch_size < by.least_batch()) {
    throw ConfigError("teacher",
                      "--distil {}: the examples of a batch are compared with each other, and --batch-size is {}. "
                      "Expected {} or more.",
                      distillation(), recipe.batch_size, by.least_batch());
  }
}

void PreparedRun::prepare_teaching() {
  const std::shared_ptr by = plugins::make_distillation(distillation());
  teaching_.of_captions = dataset.target == data::Target::caption && earliest_ >= adapted.head_at &&
                          methods::text_changes(adapted.whole(), *adapted.model);
  check_teaching(*by);
  const bool answers = by->compares() == plugins::Compared::answers;
  teaching_.rows =
      ask_teacher(options.teacher, {dataset, read_templates(options.templates, options.templates_file), by->compares()},
                  session, report);
  const Random random = Random(seed()).fork("teacher");
  if (options.teacher.shuffle) teaching_.rows = shuffled(teaching_.rows, random.fork("order"));
  // Without random changes each of a clip's views is an example.
  if (const auto views = augments() ? 1 : source(data::Split::train)->views(); views > 1)
    teaching_.rows = teaching_.rows.repeat_interleave(views, 0);
  const auto student =
      answers || teaching_.of_captions ? adapted.head->outputs() : adapted.model->reader().width(adapted.head_at);
  const auto teacher = teaching_.rows.size(1);
  teaching_.parameters = by->prepare(student, teacher, random.fork("map"));
  teaching_.by = by;
  if (!teaching_.parameters.empty())
    report.note(
        {fmt::format("a linear map from {} to the teacher's {} trains besides, and is not kept", student, teacher),
         /*numbers=*/false});
  if (augments())
    report.note({"the teacher was asked of each example as it is, and the student sees it with random changes",
                 /*numbers=*/false});
}

void PreparedRun::need_steps(std::string_view option, std::string_view otherwise) const {
  if (trains()) return;
  throw ConfigError(option, "--{}: {} as it is asked for takes no gradient steps, so that {}. Leave it out.", option,
                    options.method, otherwise);
}

void PreparedRun::attach(std::unique_ptr<methods::Method> method) {
  const auto model = session.model();
  info = {.base = options.model.text_model.empty() ? model->info().source : options.model.model,
          .text_model = options.model.text_model,
          .fingerprint = model->info().fingerprint,
          .family = model->info().family,
          .layout = model->info().layout,
          .method = options.method,
          .method_options = method_options,
          .classifier = options.classifier.value_or(models::HeadKind::own),
          .loss = loss_of_head(),
          .block = options.train.block,
          .task = tasks::task_of(dataset.target).name,
          .classes = dataset.classes,
          .outputs = data::outputs_of(dataset),
          .templates = read_templates(options.templates, options.templates_file),
          .shots = options.shots,
          .train_size = static_cast<int64_t>(dataset.train.size()),
          .seed = options.seed,
          .image_size = dataset.reads == data::Reads::text || dataset.reads == data::Reads::features
                            ? 0
                            : static_cast<int64_t>(model->info().preprocessing.output().height),
          .frames = frames(),
          .told = write_options(options.model.told),
          .precision = std::string(tensor::to_string(model->precision()))};
  // Parameters that a method trains are found only once it is attached: the copy that is restored is made in between.
  adapted = build_adapted(model, std::move(method), info,
                          [this](const methods::Adaptation& adaptation) { restore_.save(adaptation); });
  info.classifier = adapted.head->kind();
  earliest_ = methods::earliest_change(adapted.whole(), *model);
  say_of_prompts(*adapted.head, info.classes, report);
  say_of_captions(*adapted.head, report);
}

std::string PreparedRun::describe_method() const {
  const double share =
      static_cast<double>(trained_parameters()) / static_cast<double>(adapted.model->info().parameters);
  const auto blocks = options.train.block.empty() ? "" : " with " + options.train.block;
  std::string text = fmt::format("{}{} · {} trained", options.method, blocks, format_count(trained_parameters()));
  if (dataset.reads != data::Reads::features) text += fmt::format(" ({:.2g} %)", 100 * share);
  if (trains()) {
    const std::string length =
        recipe.steps > 0 ? fmt::format("{} steps over", recipe.steps) : fmt::format("{} epochs of", recipe.epochs);
    text += fmt::format(" · {} {:.3g}, {}, {} {} {}, batch {}", option::print(recipe.optimizer), recipe.lr,
                        option::print(recipe.schedule), length, dataset.train.size(), data::unit_of(dataset.reads),
                        recipe.batch_size);
  }
  return text;
}

std::string PreparedRun::describe_features() const {
  if (dataset.reads == data::Reads::features) return "features are as they were given";
  const bool texts = dataset.reads == data::Reads::text;
  const std::string one = data::one_of(dataset.reads);
  const std::string features = (dataset.reads == data::Reads::photo ? "image" : one) + " features";
  if (place == 0 && texts) return fmt::format("{} cannot be kept: {} changes a block", features, options.method);
  if (place == 0 && earliest_ > 1)
    return fmt::format("{} are not kept: what trains reads maps, which are larger than the {}s", features, one);
  if (place == 0) return fmt::format("{} cannot be kept: {} changes block 0", features, options.method);
  if (!kept) return features + " are too many to keep in memory";
  if (augments() && trains()) {
    return fmt::format("training {}s are augmented ({}): the image tower runs on each view", one,
                       option::print(recipe.augmentation));
  }
  if (mixes_input() && trains()) {
    return fmt::format("training {}s are mixed ({}): the image tower runs on each batch", one, options.train.mix);
  }
  return fmt::format("{} are kept: each {} goes through the frozen layers once", features, one);
}

std::string PreparedRun::options_at_zero() const {
  std::vector<std::string> zero;
  for (const auto& info : method_option_infos(options.method)) {
    const auto found = method_options.find(info.name);
    if (found != method_options.end() && found->second == "0" && info.default_value != "0")
      zero.push_back("--" + info.name + " 0");
  }
  return fmt::format("{}", fmt::join(zero, ", "));
}

int64_t PreparedRun::frames() const {
  return dataset.reads == data::Reads::clip ? session.clips().sampling.frames : 1;
}

std::shared_ptr<const data::Source> PreparedRun::source(data::Split split) const {
  return sources_.at(split);
}

std::shared_ptr<const data::Source> PreparedRun::augmented(const data::Augmentation& augmentation) const {
  return session.source(dataset, data::Split::train, augmentation, nullptr);
}

methods::FeatureSet PreparedRun::features(data::Split split, nn::Place place, int64_t views) {
  const auto source = this->source(split);
  features::Encoder& encoder = session.encoder();
  const auto& tower = session.model()->reader();
  at::Tensor rows;
  if (views > 1) {
    // Tip-Adapter's views: random crops and flips, unless the run augments in its own way.
    const auto augmentation = recipe.augmentation == methods::Augmentation::none
                                  ? data::Augmentation::random_resized_crop_and_flip()
                                  : augmentation_of(recipe);
    rows = encoder.augmented(*augmented(augmentation), place, views, Random(seed()).fork("views"), report);
  } else if (place <= earliest_ && tower.has_one_shape(place)) {
    rows = encoder.features(*source, place, report);
  } else {
    rows = encoder.rows(*source, place, report);
  }
  return {tower.rows(tower.kept(rows, place)), repeated(models::targets_of(*source, dataset.target), views)};
}

std::unique_ptr<train::Batches> PreparedRun::batches() {
  features::Encoder& encoder = session.encoder();
  const data::LoaderOptions loading{.batch_size = recipe.batch_size,
                                    .workers = std::max<int64_t>(1, options.data.workers),
                                    .epochs = recipe.epochs,
                                    .seed = Random(seed()).fork("order").seed(),
                                    .shuffle = true,
                                    .groups = groups_};
  const auto& tower = session.model()->reader();
  if (cached()) {
    const auto source = this->source(data::Split::train);
    auto order = [source, loading](int64_t epoch) {
      return data::epoch_order(*source, loading.batch_size, loading.seed, epoch, loading.groups);
    };
    return std::make_unique<train::FeatureBatches>(tower.kept(encoder.features(*source, place, report), place),
                                                   models::targets_of(*source, dataset.target), recipe.batch_size,
                                                   std::move(order));
  }
  const auto source = augments() ? augmented(augmentation_of(recipe)) : this->source(data::Split::train);
  auto loader = std::make_unique<data::Loader>(source, loading);
  data::report_workers(loader->workers(), loading.workers, report);
  return std::make_unique<LoadedBatches>(
      std::move(loader),
      LoadedBatches::From{session.model()->info().preprocessing, dataset.target, source->size(), recipe.batch_size,
                          mixing_},
      [&encoder, place = place](const nn::Value& read) { return encoder.run(read, 0, place); });
}

methods::Stage PreparedRun::stage() {
  return {session.model(),
          *adapted.head,
          adapted.adaptation,
          [this](auto split, auto at, auto views) { return features(split, at, views); },
          Random(seed()).fork("stage"),
          report,
          dataset.target};
}

}  // namespace graft::engine
