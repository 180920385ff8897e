#include "graft/pipelines/segment_swap.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/core/shuffle.h"
#include "graft/core/threads.h"
#include "graft/data/problems.h"
#include "graft/engine/class_places.h"
#include "graft/engine/run_data.h"
#include "graft/engine/session.h"
#include "graft/models/sources.h"
#include "graft/pipelines/run_classifier.h"
#include "graft/pipelines/zero_shot.h"
#include "graft/tasks/task.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using data::Composite;

constexpr const char* kNoObject = "background";

void check(const SwapDraws& options) {
  if (options.draws < 1) throw ConfigError("swap", "--draws {}: expected 1 or more.", options.draws);
  const auto feather = options.composite.feather;
  if (!(feather >= 0 && std::isfinite(feather)))
    throw ConfigError("swap", "--feather {}: expected 0 pixels or more.", feather);
}

// --- which photos, and what of them is the object

// x.png of x.jpg: in the folders that the data has, in the last ones of them, or at once below `folder`.
std::optional<std::string> mask_below(const fs::path& folder, const fs::path& photo) {
  auto mask = photo.relative_path().replace_extension(".png");
  while (!mask.empty()) {
    std::error_code error;
    if (fs::is_regular_file(folder / mask, error)) return mask.generic_string();
    fs::path rest;
    for (auto part = std::next(mask.begin()); part != mask.end(); ++part)
      rest /= *part;
    mask = rest;
  }
  return {};
}

// Whatever is not 0 is the object.
data::MaskNumbers nothing_and_something() {
  data::MaskNumbers numbers;
  numbers.place.fill(1);
  numbers.place[0] = 0;
  numbers.known = "any";
  return numbers;
}

// The one class that a mask tells beside the background.
std::int64_t class_of(const data::Mask& mask, const data::Sample& sample, std::uint8_t background,
                      const std::vector<std::string>& classes) {
  std::set<std::uint8_t> told(mask.classes.begin(), mask.classes.end());
  told.erase(background);
  told.erase(io::kIgnoredClass);
  if (told.size() == 1) return *told.begin();
  std::vector<std::string> names;
  for (const auto number : told)
    names.push_back(classes[number]);
  throw DataError("mask", "{}: its mask {} holds {}: expected one class beside the background, the photo's.",
                  sample.shown(), sample.pair,
                  names.empty() ? "no class" : fmt::format("{} classes ({})", names.size(), fmt::join(names, ", ")));
}

struct Chosen {
  data::CutPhotos photos;                  // labels are places in `classes`
  std::vector<std::string> classes;        // of the data; in masks without the background
  std::vector<std::string> left_out = {};  // why, a photo each
};

// Masks beside a labelled data set.
Chosen with_masks_of(const data::Dataset& dataset, const SwapOptions& options) {
  Chosen chosen{{.root = dataset.root,
                 .samples = {},
                 .masks = std::make_shared<data::MaskFiles>(options.masks, nothing_and_something()),
                 .background = 0,
                 .images = {}},
                dataset.classes};
  std::map<std::string, std::string> taken;
  for (auto sample : dataset.split(options.split)) {
    const auto mask = mask_below(options.masks, sample.input);
    if (!mask) {
      chosen.left_out.push_back(fmt::format("{}: has no mask; expected {} there.", sample.shown(),
                                            fs::path(sample.input).replace_extension(".png").generic_string()));
      continue;
    }
    if (const auto [first, is_new] = taken.emplace(*mask, sample.shown()); !is_new) {
      chosen.left_out.push_back(
          fmt::format("{} and {} would have the mask {} both. Put masks into the photos' folders.", first->second,
                      sample.shown(), *mask));
      continue;
    }
    sample.pair = *mask;
    chosen.photos.samples.push_back(std::move(sample));
  }
  return chosen;
}

// A data set of masks: a photo's class is what its mask tells.
Chosen with_own_masks(const data::Dataset& dataset, const SwapOptions& options) {
  const auto place = std::ranges::find(dataset.classes, kNoObject);
  if (place == dataset.classes.end()) {
    throw DataError("swap", "{}: none of its classes is called '{}' ({}), so that nothing says where objects end.",
                    dataset.name, kNoObject, fmt::join(dataset.classes, ", "));
  }
  return {{.root = dataset.root,
           .samples = dataset.split(options.split),
           .masks = dataset.masks,
           .background = static_cast<std::uint8_t>(place - dataset.classes.begin()),
           .images = {}},
          dataset.classes};
}

Chosen listed_photos(const data::Dataset& dataset, const SwapOptions& options) {
  const bool masks = dataset.target == data::Target::mask;
  if (dataset.reads != data::Reads::photo || (dataset.target != data::Target::label && !masks)) {
    throw DataError("swap", "{} holds {}, and tells {}: expected photos with a class each, or with masks.",
                    dataset.name, data::unit_of(dataset.reads), tasks::task_of(dataset.target).summary);
  }
  if (masks && !options.masks.empty())
    throw ConfigError("swap", "--masks {}: {} has masks of its own. Leave it out.", options.masks, dataset.name);
  if (!masks && options.masks.empty()) {
    throw UsageError("swap", "where are the objects? {} has classes and no masks: give --masks a folder of PNGs.",
                     dataset.name);
  }
  return masks ? with_own_masks(dataset, options) : with_masks_of(dataset, options);
}

// Photos whose objects can be cut out; the others are refused together, or left out.
Chosen chosen_photos(engine::Session& session, const SwapOptions& options, Reporter& report) {
  const auto& dataset = session.dataset();
  Chosen chosen = listed_photos(dataset, options);
  auto& photos = chosen.photos;
  photos.images = session.images();
  const bool own = dataset.target == data::Target::mask;
  std::vector<std::string> why(photos.samples.size());
  for_each_index(photos.samples.size(), std::max<int64_t>(1, session.data_options().workers), [&](size_t i) {
    auto& sample = photos.samples[i];
    try {
      photos.object(i);
      if (!own) return;
      const auto image = photos.image(i);
      sample.label = class_of(*photos.masks->read(sample, {image->height, image->width}), sample, photos.background,
                              dataset.classes);
    } catch (const Error& error) {
      why[i] = error.what();
    }
  });
  std::vector<data::Sample> sound;
  for (size_t i = 0; i < why.size(); ++i) {
    if (why[i].empty()) {
      sound.push_back(std::move(photos.samples[i]));
    } else {
      chosen.left_out.push_back(why[i].substr(why[i].find("] ") + 2));
    }
  }
  photos.samples = std::move(sound);
  if (own) {  // the background is nothing that a photo is of
    chosen.classes.erase(chosen.classes.begin() + photos.background);
    for (auto& sample : photos.samples)
      sample.label -= sample.label > photos.background ? 1 : 0;
  }
  if (!chosen.left_out.empty()) {
    if (session.data_options().on_bad_file == data::OnBadFile::refuse) {
      data::Problems problems(own ? dataset.name : options.masks);
      for (const auto& one : chosen.left_out)
        problems.add("{}", one);
      problems.throw_if_any();
    }
    report.note({fmt::format("{} of {} photos are left out, the first for: {}", chosen.left_out.size(),
                             dataset.split(options.split).size(), chosen.left_out.front())});
  }
  return chosen;
}

// Labels that are places in the data's classes, as places in the classifier's.
void tell_by(const std::vector<std::string>& classes, Chosen& chosen) {
  const engine::ClassPlaces known(classes);
  std::set<std::string> unknown;
  for (auto& sample : chosen.photos.samples) {
    const auto& name = chosen.classes[static_cast<size_t>(sample.label)];
    sample.label = known.of(name);
    if (sample.label < 0) unknown.insert("\n  " + unknown_name("class", name, classes));
  }
  if (!unknown.empty())
    throw DataError("swap", "there are photos of classes that the run was not trained on:{}", fmt::join(unknown, ""));
}

// --- which backgrounds

struct Drawn {
  std::vector<size_t> same, other;
};

// Of each photo backgrounds of other photos, none twice; fewer where there are fewer.
std::vector<Drawn> draw(const std::vector<data::Sample>& samples, const SwapDraws& options) {
  const auto draws = static_cast<size_t>(options.draws);
  std::vector<Drawn> drawn(samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    for (const auto j :
         shuffled_order(samples.size(), Random(static_cast<uint64_t>(options.seed)).fork("backgrounds").fork(i))) {
      auto& of_kind = samples[j].label == samples[i].label ? drawn[i].same : drawn[i].other;
      if (j != i && of_kind.size() < draws) of_kind.push_back(j);
    }
  }
  return drawn;
}

std::vector<Composite> composites_of(const std::vector<Drawn>& drawn) {
  std::vector<Composite> all;
  for (size_t i = 0; i < drawn.size(); ++i) {
    all.push_back({Composite::Kind::photo, i, i});
    all.push_back({Composite::Kind::swapped, i, i});
    all.push_back({Composite::Kind::alone, i, i});
    for (const auto& backgrounds : {drawn[i].same, drawn[i].other}) {
      for (const auto j : backgrounds)
        all.push_back({Composite::Kind::swapped, i, j});
    }
  }
  return all;
}

Answer answer_of(const tasks::Predictions& said, int64_t row, int64_t label) {
  const float probability =
      said.best.defined() ? said.of_label[row].item<float>() : said.probabilities[row][label].item<float>();
  // Of a probability of 0 nothing finite could be said.
  return {.told = tasks::top(said, row, 1).front().first,
          .log_probability = std::log(std::max(probability, std::numeric_limits<float>::min()))};
}

}  // namespace

Swaps swap_backgrounds(data::CutPhotos photos, std::vector<std::string> classes, const data::ImageTransform& transform,
                       const SwapDraws& options, const Classify& classify) {
  check(options);
  const auto& samples = photos.samples;
  if (samples.size() < 2) {
    throw DataError("swap", "{} to cut out: expected two or more, as one gets the background of another.",
                    samples.empty() ? "no photo" : fmt::format("one photo ({})", samples.front().shown()));
  }
  if (std::ranges::all_of(samples, [&](const auto& sample) { return sample.label == samples.front().label; })) {
    throw DataError("swap", "all {} photos are of the class {}: expected two classes or more to exchange backgrounds.",
                    samples.size(), classes[static_cast<size_t>(samples.front().label)]);
  }
  const auto drawn = draw(samples, options);
  const data::CompositeSource source(photos, composites_of(drawn), options.composite, transform);
  const auto said = classify(source);
  GRAFT_ASSERT(std::ssize(said.files) == source.size());
  Swaps swaps{.photos = {}, .classes = std::move(classes), .answers = {}, .effects = {}};
  int64_t row = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    PhotoAnswers photo{.label = samples[i].label};
    for (auto* answer : {&photo.photo, &photo.own, &photo.alone})
      *answer = answer_of(said, row++, photo.label);
    for (auto [backgrounds, answers] : {std::pair(&drawn[i].same, &photo.same), {&drawn[i].other, &photo.other}}) {
      for (const auto j : *backgrounds)
        answers->push_back({j, samples[j].label, answer_of(said, row++, photo.label)});
    }
    swaps.answers.push_back(std::move(photo));
  }
  swaps.effects = background_effects(swaps.answers, Random(static_cast<uint64_t>(options.seed)).fork("intervals"));
  swaps.photos = std::move(photos);
  return swaps;
}

Swaps swap_backgrounds(const SwapOptions& options, const engine::Host& host, Reporter& report) {
  check(options.draws);
  std::error_code error;
  if (!options.masks.empty() && !fs::is_directory(options.masks, error))
    throw FileError("swap", "--masks {}: no such folder.", options.masks);
  const auto templates = engine::read_templates(options.templates, options.templates_file);
  auto data = options.data;
  auto wanted = options.model;
  std::optional<engine::AdapterInfo> info;
  if (!options.run.empty()) {
    info = read_classifier_info(options.run);
    const auto& task = tasks::find_task(info->task);
    if (task.target != data::Target::label || info->frames > 1) {
      throw ConfigError("swap", "{} tells {}{}: expected a run that tells a class of a photo.", options.run,
                        task.summary, info->frames > 1 ? ", a clip" : "");
    }
    if (data.data.empty()) data = own_data(options.run, data);
    if (!data.exif) data.exif = engine::exif_of_run(options.run);
    data.dataset.least_classes = 1;  // they are told apart from the run's
    wanted = model_of_run(*info, options.model, report);
  }
  engine::Session session(wanted, data, host, report, {options.split});
  const auto& model = session.model();
  auto chosen = chosen_photos(session, options, report);
  if (info) tell_by(info->classes, chosen);

  // Composites are worth no place on disk.
  features::Encoder encoder(model, session.images(), {.workers = data.workers, .cache_dir = {}});
  // Says by the way whether the model reads photos.
  auto as_labelled = session.dataset();
  as_labelled.target = data::Target::label;
  models::source_of(*model, as_labelled, chosen.photos.samples, {.images = session.images()});
  const data::ImageTransform transform(model->info().preprocessing);
  if (!info) {
    model->require_prompts("swap", "without --run the classes are told by their names, which needs");
    return swap_backgrounds(std::move(chosen.photos), chosen.classes, transform, options.draws,
                            [&](const data::Source& source) {
                              return zero_shot(model, encoder, chosen.classes, templates, source, report).predictions;
                            });
  }
  auto adapted = load_classifier(options.run, model, options.force_base, report);
  report.line("adapter", fmt::format("{} · {} · {} classes", options.run, info->method, info->classes.size()));
  return swap_backgrounds(
      std::move(chosen.photos), info->classes, transform, options.draws, [&](const data::Source& source) {
        return evaluate_on(adapted, *info, encoder, source, {info->classes, {}}, report).predictions;
      });
}

}  // namespace graft::pipelines
