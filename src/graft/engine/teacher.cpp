#include "graft/engine/teacher.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/core/shuffle.h"
#include "graft/data/feature_file.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/class_places.h"
#include "graft/engine/merged_folder.h"
#include "graft/engine/prompt_notes.h"
#include "graft/engine/run_data.h"
#include "graft/features/encoder.h"
#include "graft/io/mapped_file.h"
#include "graft/io/weights.h"
#include "graft/models/clip/class_prompts.h"
#include "graft/models/sources.h"
#include "graft/tasks/task.h"
#include "graft/tensor/on_cpu.h"

namespace graft::engine {
namespace {

namespace fs = std::filesystem;
using plugins::Compared;

constexpr size_t kNamed = 5;  // examples or classes that a message names

bool is_run(const fs::path& path) {
  std::error_code error;
  return fs::exists(path / "adapter_config.json", error) || fs::exists(path / "config.yaml", error) || is_merged(path);
}

// A checkpoint may have the ending of a file of features.
bool is_features(const fs::path& path) {
  std::error_code error;
  if (!data::is_feature_file(path) || !fs::is_regular_file(path, error)) return false;
  return path.extension() != ".safetensors" || io::Weights::open(path).tensors().contains("features");
}

std::string some_of(const std::vector<std::string>& names) {
  return fmt::format("'{}'{}", fmt::join(names.begin(), names.begin() + std::min(names.size(), kNamed), "', '"),
                     names.size() > kNamed ? fmt::format(" and {} more", names.size() - kNamed) : "");
}

// Which of `known` each class of the data set is: their places, in the data set's order.
std::vector<int64_t> places_of(const data::Dataset& dataset, const std::vector<std::string>& known,
                               const std::string& teacher) {
  const ClassPlaces places(known);
  std::vector<int64_t> found;
  std::vector<std::string> unknown;
  for (const auto& name : dataset.classes) {
    found.push_back(places.of(name));
    if (found.back() < 0) unknown.push_back(name);
  }
  if (unknown.empty()) return found;
  throw ModelError("teacher",
                   "{} knows {} classes, and not {} of {}: it has no answer for {}. Expected a teacher of the same "
                   "classes; its features teach whatever it knows (--distil relational).",
                   teacher, known.size(), some_of(unknown), dataset.name, unknown.size() == 1 ? "it" : "them");
}

// The training examples as the teacher reads them, and nothing of what is told of them.
std::shared_ptr<const data::Source> lesson_source(const models::Model& model, const Lesson& lesson,
                                                  const Session& session, int64_t frames,
                                                  std::optional<int64_t> max_length, Reporter& report) {
  const auto& dataset = lesson.dataset;
  const auto& source = model.info().source;
  const bool reads_texts = model.reader().name() == nn::Tower::text;
  data::Dataset read;
  read.name = dataset.name;
  read.root = dataset.root;
  read.reads = reads_texts ? data::Reads::text : dataset.reads;
  auto samples = dataset.train;
  if (dataset.reads == data::Reads::features) {
    throw ModelError("teacher",
                     "{}: a model reads photos or texts, and {} holds features. Take a file of features that has a row "
                     "for each of its rows.",
                     source, dataset.name);
  }
  if (!reads_texts && dataset.reads == data::Reads::text) {
    throw ModelError("teacher", "{} reads photos, and {} holds texts.{}", source, dataset.name,
                     model.tower(nn::Tower::text) ? " --teacher-reads text asks its text tower." : "");
  }
  if (reads_texts && dataset.reads != data::Reads::text) {
    if (std::ranges::any_of(samples, [](const data::Sample& sample) { return sample.pair.empty(); })) {
      throw ModelError("teacher",
                       "{} reads texts, and {} has {} without captions. --caption-column names a table's column of "
                       "captions; else take a teacher of photos.",
                       source, dataset.name, data::unit_of(dataset.reads));
    }
    for (auto& sample : samples)
      sample = {.input = sample.pair, .name = sample.shown()};
  }
  auto clips = session.clips();
  if (frames > 1) clips.sampling.frames = frames;
  return models::source_of(model, read, std::move(samples),
                           {.images = session.images(),
                            .clips = clips,
                            .frames = session.frames(),
                            .max_length = max_length,
                            .workers = std::max<int64_t>(1, session.data_options().workers)},
                           &report);
}

features::Encoder encoder_of(std::shared_ptr<models::Model> model, const Session& session) {
  const auto& data = session.data_options();
  return {std::move(model),
          session.images(),
          {.workers = data.workers, .cache_dir = data.cache ? session.host().cache_dir : fs::path()}};
}

ModelOptions model_options(const TeacherOptions& options, const Session& session) {
  ModelOptions model{.model = options.teacher,
                     .text_model = {},
                     .as = {},
                     .precision = std::string(tensor::to_string(session.model()->precision()))};
  model.told.reads = options.reads;
  return model;
}

std::shared_ptr<models::Model> load_teacher(const ModelOptions& model, const Session& session, Reporter& report) {
  try {
    return load_frozen(model, session.host(), "teacher", report);
  } catch (const ConfigError&) {
    if (!model.told.reads) throw;
    throw ConfigError("teacher", "--teacher-reads {}: {} does not read that. Leave it out.",
                      option::print(*model.told.reads), model.model);
  }
}

// What a head answers to all of a source's examples, [N, C].
at::Tensor answers_of(const methods::Adapted& adapted, features::Encoder& encoder, const data::Source& source,
                      Reporter& report) {
  const auto& head = *adapted.head;
  if (head.reads_rows()) {
    const auto rows = encoder.rows(source, adapted.head_at, report);
    return features::Encoder::in_passes(rows, [&](const at::Tensor& some) {
      nn::Context context;
      return head.forward(some, context);
    });
  }
  std::vector<at::Tensor> parts;
  encoder.each_value(source, adapted.head_at, [&](const nn::Value& value) {
    nn::Context context;
    parts.push_back(head.answer(adapted.model->reader(), value, context));
  });
  return at::cat(parts);
}

// A clip's views are read one after another, and what is said of it is their mean.
at::Tensor mean_of_views(const at::Tensor& rows, const data::Source& source) {
  return source.views() == 1 ? rows : rows.unflatten(0, {-1, source.views()}).mean(1);
}

at::Tensor ask_run(const TeacherOptions& options, const Lesson& lesson, const Session& session, Reporter& report) {
  const auto& run = options.teacher;
  const auto info = read_adapter_info(run);
  ModelOptions own;  // as the run was trained
  own.told.reads = options.reads;
  const auto model = load_teacher(model_of_run(info, own, report), session, report);
  const auto source = lesson_source(*model, lesson, session, info.frames, max_length_of_run(run), report);
  const auto adapted = load_adapter(run, model, report);
  auto encoder = encoder_of(model, session);
  if (lesson.what == Compared::features) return mean_of_views(encoder.rows(*source, adapted.head_at, report), *source);
  if (!adapted.headless.empty())
    throw ModelError("teacher", "{}: {}, so that it answers nothing.", run, adapted.headless);
  if (tasks::find_task(info.task).target != data::Target::label) {
    throw ModelError("teacher",
                     "{} was trained on {}: expected one class for each example. Its features teach as well.", run,
                     tasks::find_task(info.task).summary);
  }
  const auto places = places_of(lesson.dataset, info.classes, run);
  const auto answers = mean_of_views(answers_of(adapted, encoder, *source, report), *source);
  return answers.index_select(1, torch::tensor(places, tensor::on_cpu(at::kLong)));
}

at::Tensor ask_model(const TeacherOptions& options, const Lesson& lesson, const Session& session, Reporter& report) {
  const auto model = load_teacher(model_options(options, session), session, report);
  const bool answers = lesson.what == Compared::answers;
  if (answers) model->require_prompts("teacher", "a model that answers without training needs to be");
  const auto source = lesson_source(*model, lesson, session, model->reader().frames(), {}, report);
  auto encoder = encoder_of(model, session);
  const auto rows = encoder.features(*source, model->reader().last(), report);
  if (!answers) return mean_of_views(rows, *source);
  const models::ClassPrompts prompts(model, lesson.dataset.classes, lesson.templates);
  say_of_prompts(prompts, lesson.dataset.classes, report);
  return mean_of_views(features::Encoder::in_passes(rows,
                                                    [&](const at::Tensor& some) {
                                                      nn::Context context;
                                                      return prompts.forward(some, context);
                                                    }),
                       *source);
}

// The file's row of each training example: by names, where the file has them; else by the rows of a data set of
// features or, where there are as many, in their order.
std::vector<int64_t> rows_of_examples(const data::FeatureFile& file, const data::Dataset& dataset,
                                      const std::string& path, Reporter& report) {
  std::vector<int64_t> rows(dataset.train.size());
  if (file.ids.empty()) {
    const bool of_rows = dataset.features && dataset.features->count == file.rows.count;
    if (!of_rows && file.rows.count != std::ssize(rows)) {
      throw DataError("teacher",
                      "{} has {} rows without names, for {} training {}: expected as many, or names to go by.", path,
                      file.rows.count, rows.size(), data::unit_of(dataset.reads));
    }
    for (size_t i = 0; i < rows.size(); ++i)
      rows[i] = of_rows ? dataset.train[i].row : static_cast<int64_t>(i);
    if (!of_rows)
      report.note({fmt::format("{} names no rows: they are taken in the order of the training {}", path,
                               data::unit_of(dataset.reads))});
    return rows;
  }
  std::map<std::string, int64_t> places;
  for (size_t i = 0; i < file.ids.size(); ++i) {
    const auto place = static_cast<int64_t>(i);
    const auto [known, is_new] = places.emplace(file.ids[i], place);
    if (!is_new && !std::ranges::equal(file.rows.row(known->second), file.rows.row(place)))
      throw DataError("teacher", "{}: two rows have the name '{}', and say different things.", path, file.ids[i]);
  }
  std::vector<std::string> missing;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto found = places.find(dataset.train[i].shown());
    if (found == places.end()) {
      missing.push_back(dataset.train[i].shown());
    } else {
      rows[i] = found->second;
    }
  }
  if (missing.empty()) return rows;
  throw DataError("teacher", "{} has no row for {} of {} training {}: {}; it has '{}', ...", path, missing.size(),
                  rows.size(), data::unit_of(dataset.reads), some_of(missing), file.ids.front());
}

at::Tensor ask_file(const TeacherOptions& options, const Lesson& lesson, Reporter& report) {
  const auto& path = options.teacher;
  if (options.reads) throw ConfigError("teacher", "--teacher-reads: {} holds features. Leave it out.", path);
  const auto file = data::read_feature_file(path);
  const auto chosen = rows_of_examples(file, lesson.dataset, path, report);
  const auto rows = torch::tensor(file.rows.values, tensor::on_cpu())
                        .view({file.rows.count, file.rows.width})
                        .index_select(0, torch::tensor(chosen, tensor::on_cpu(at::kLong)));
  report.line("teacher", fmt::format("{} · features of width {}", path, file.rows.width));
  if (lesson.what == Compared::features) return rows;
  const auto classes = file.rows.class_count();
  if (classes != std::ssize(lesson.dataset.classes)) {
    throw ModelError("teacher",
                     "{} has {}, and {} has {} classes: it answers nothing. Expected 'class_features' in "
                     "their order; its rows teach as features (--distil relational).",
                     path, classes == 0 ? "no class features" : fmt::format("class features of {}", classes),
                     lesson.dataset.name, lesson.dataset.classes.size());
  }
  const auto of_classes = torch::tensor(file.rows.classes, tensor::on_cpu()).view({classes, file.rows.width});
  return file.rows.logit_scale * at::linear(models::unit(rows), models::unit(of_classes));
}

void add_file(Hash& hash, const fs::path& file) {
  std::error_code error;
  if (fs::is_regular_file(file, error) && fs::file_size(file, error) > 0)
    hash.add(file.filename().string()).add(io::MappedFile::open(file)->bytes());
}

}  // namespace

at::Tensor ask_teacher(const TeacherOptions& options, const Lesson& lesson, const Session& session, Reporter& report) {
  const torch::NoGradGuard no_grad;
  const auto rows = is_features(options.teacher) ? ask_file(options, lesson, report)
                    : is_run(options.teacher)    ? ask_run(options, lesson, session, report)
                                                 : ask_model(options, lesson, session, report);
  return rows.to(at::kFloat);
}

at::Tensor shuffled(const at::Tensor& rows, Random random) {
  const auto order = shuffled_order<int64_t>(static_cast<size_t>(rows.size(0)), random);
  return rows.index_select(0, torch::tensor(order, tensor::on_cpu(at::kLong)));
}

std::string teacher_content(const std::string& teacher, const io::Environment& environment) {
  Hash hash;
  if (is_run(teacher)) {  // what it was trained on is in there by its fingerprint
    for (const char* name : {"adapter_config.json", "adapter_model.safetensors", "adapter_model.bin",
                             "head.safetensors", "blocks.safetensors", kMergedFile})
      add_file(hash, fs::path(teacher) / name);
    if (!is_merged(teacher)) return hash.hex();
  }
  const auto path = is_features(teacher) ? fs::path(teacher) : io::resolve_model(teacher, environment);
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    add_file(hash, path);
    return hash.hex();
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(path, error))
    files.push_back(entry.path());
  std::ranges::sort(files);
  for (const auto& file : files)
    add_file(hash, file);
  return hash.hex();
}

}  // namespace graft::engine
