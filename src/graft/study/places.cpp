#include "graft/study/places.h"

#include <fmt/format.h>

#include <utility>

#include "graft/core/hash.h"
#include "graft/engine/run_config.h"
#include "graft/engine/teacher.h"
#include "graft/pipelines/zero_shot.h"
#include "graft/study/spec.h"

namespace graft::study {
namespace {

constexpr size_t kMostOpen = 4;  // at once

OptionValues of_kind(const OptionValues& values, const std::vector<OptionInfo>& infos) {
  OptionValues own;
  for (const auto& info : infos) {
    if (const auto found = values.find(info.name); found != values.end()) own[info.name] = found->second;
  }
  return own;
}

}  // namespace

engine::ModelOptions model_options(const OptionValues& values) {
  return read_options<engine::ModelOptions>("compare", of_kind(values, describe_options<engine::ModelOptions>()));
}

engine::DataOptions data_options(const OptionValues& values) {
  return read_options<engine::DataOptions>("compare", of_kind(values, describe_options<engine::DataOptions>()));
}

std::string place_key(const OptionValues& values) {
  std::string key;
  for (const auto& [name, value] : write_options(model_options(values)))
    key += name + "=" + value + "\n";
  for (const auto& [name, value] : write_options(data_options(values)))
    key += name + "=" + value + "\n";
  return key;
}

bool is_zero_shot(const OptionValues& values) {
  return values.at("method") == kZeroShot;
}

namespace {

// What the options of a run come to, whatever their order, and where they lie.
std::string options_hash(const OptionValues& values) {
  OptionValues all;
  if (is_zero_shot(values)) {
    pipelines::ZeroShotOptions o;
    all = of_kind(values, describe_options(o));
    all["method"] = kZeroShot;
  } else {
    all = engine::resolved(engine::read_adapt_request(values));
  }
  Hash hash;
  // Prompts of a file by what they say, not by where it lies.
  if (const auto file = std::exchange(all["templates"], ""); !file.empty()) {
    for (const auto& prompt : engine::read_templates("", file))
      hash.add(prompt);
  }
  for (const auto& [name, value] : all) {
    const bool free = (engine::may_change(name) && name != "threads") || engine::is_place(name) ||
                      engine::is_absent_in_studies(name, value);
    if (!free) hash.add(name).add(engine::in_words_of_studies(name, value));
  }
  return hash.hex();
}

}  // namespace

void InsideStudy::warn(std::string_view text) {
  if (told_.insert(std::string(text)).second) outside_.warn(fmt::format("{}: {}", who, text));
}

void InsideStudy::note(const Note& note) {
  if (told_.insert(note.text).second) outside_.note({fmt::format("{}: {}", who, note.text), note.numbers});
}

Place& Places::open(const OptionValues& run) {
  const std::string key = place_key(run);
  auto& place = open_[key];
  if (!place) {
    if (open_.size() > kMostOpen) {
      std::erase_if(open_, [&](const auto& other) { return other.first != key; });
    }
    auto opened = std::make_unique<Place>(Place{InsideStudy(report_), nullptr});
    opened->inside.who = "study";
    Reporter& told = is_known(key) ? static_cast<Reporter&>(opened->inside) : report_;
    opened->session = std::make_unique<engine::Session>(model_options(run), data_options(run), host_, told);
    place = std::move(opened);
  }
  if (!is_known(key)) {
    const auto& session = *place->session;
    std::map<data::Split, std::shared_ptr<const data::Source>> sources;
    const auto identity = engine::run_identity(
        {}, session.model()->info(), session.dataset(), [&](data::Split split) -> const data::Source& {
          return *(sources[split] = session.source(session.dataset(), split, {}, nullptr));
        });
    known_[key] = {identity.hex(), session.dataset().root, static_cast<int64_t>(session.dataset().classes.size())};
  }
  return *place;
}

std::string Places::identity(const OptionValues& run) const {
  Hash hash;
  hash.add(known_.at(place_key(run)).content).add(options_hash(run)).add(GRAFT_VERSION);
  if (const auto teacher = run.find("teacher"); teacher != run.end() && !teacher->second.empty())
    hash.add(engine::teacher_content(teacher->second, host_.environment));
  return hash.hex();
}

}  // namespace graft::study
