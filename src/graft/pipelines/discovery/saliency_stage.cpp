#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "graft/core/atomic_file.h"
#include "graft/core/clock.h"
#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/core/signals.h"
#include "graft/discovery/patch_reader.h"
#include "graft/discovery/refinement/refinement.h"
#include "graft/discovery/saliency/map_file.h"
#include "graft/discovery/saliency/saliency.h"
#include "graft/io/safetensors.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/discovery/stages.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPhotos = "photos.jsonl";        // a line a photo that is done
constexpr const char* kLearnt = "learnt.safetensors";  // what a way learned of all photos, where it does

// What is known of a photo that was done: of what it was computed, and why there is no map.
struct DonePhoto {
  std::string of;
  std::string why;
};

std::string line_of(const std::string& name, const DonePhoto& done) {
  nlohmann::ordered_json line = {{"photo", name}, {"of", done.of}};
  if (!done.why.empty()) line["left"] = done.why;
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

// The last line may be half written.
std::map<std::string, DonePhoto> read_done(const fs::path& file) {
  std::map<std::string, DonePhoto> done;
  std::ifstream stream(file);
  for (std::string text; std::getline(stream, text);) {
    const auto line = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (line.is_object() && line.contains("photo") && line.contains("of"))
      done[line["photo"].get<std::string>()] = {line["of"].get<std::string>(), line.value("left", "")};
  }
  return done;
}

bool is_of_one_colour(const io::Image& photo) {
  for (size_t i = 3; i < photo.rgb.size(); ++i)
    if (photo.rgb[i] != photo.rgb[i % 3]) return false;
  return true;
}

class SaliencyOfPhotos final : public discovery::SeenPhotos {
 public:
  explicit SaliencyOfPhotos(Discovering& run)
      : run_(run),
        way_(discovery::make_saliency(run.options.saliency)),
        refinement_(discovery::make_refinement(run.options.refine)) {
    for (const auto& note : way_->notes())
      run.report.note(note);
    if (!way_->reads_patches()) return;
    reader_.emplace(run.model, run.options.saliency_block);
    side_ = run.options.saliency_side.value_or(
        std::min(run.model->info().own_size.height, run.model->info().own_size.width));
  }

  size_t size() const override { return run_.photos.files.size(); }

  discovery::SeenPhoto see(size_t i) const override {
    const auto photo = run_.images->read(run_.photos.paths[i]);
    const data::Size size{photo->height, photo->width};
    discovery::SeenPhoto seen{.name = run_.photos.files[i], .size = size, .patches = {}, .pixels = photo};
    if (!reader_) return seen;
    seen.patches = reader_->read(*photo, reader_->size_for(size, side_));
    if (way_->reads_attention() && !seen.patches->attention.defined())
      throw ModelError("saliency", "{} has no class token, whose attention {} reads. Take tokencut or lost.",
                       run_.model->info().source, run_.options.saliency);
    return seen;
  }

  // A way that learns learns of all photos, whose hash is `of`; or what it learned of them lies in `file`.
  void learn(const fs::path& file, const std::string& of) {
    if (!way_->learns()) return;
    if (fs::exists(file)) {
      const auto stored = io::SafetensorsFile::open(file).metadata();
      if (const auto known = stored.find("of"); known != stored.end() && known->second == of)
        return way_->recall(nn::read_tensors(file));
    }
    nn::write_tensors(file, way_->learn(*this, run_.report), {{"of", of}});
  }

  // -> why there is no map; empty: it is written.
  std::string write(size_t i, const fs::path& file) const {
    const auto seen = see(i);
    if (reader_ && is_of_one_colour(*seen.pixels)) return "it is of one colour";  // patches still tell their positions
    const auto found = way_->find(seen);
    if (!found.map.defined()) return found.why;
    fs::create_directories(file.parent_path());
    discovery::write_map(file, refinement_->refine(*seen.pixels, discovery::at_size(found.map, seen.size)));
    return "";
  }

 private:
  Discovering& run_;
  std::unique_ptr<discovery::Saliency> way_;
  std::unique_ptr<discovery::Refinement> refinement_;
  std::optional<discovery::PatchReader> reader_;
  int64_t side_ = 0;
};

// Of what a way that learns has learned, and so of what each of its maps is computed.
std::string content_of_all(Discovering& run) {
  Hash hash;
  for (size_t i = 0; i < run.photos.files.size(); ++i)
    hash.add(run.photos.files[i]).add(run.images->content(run.photos.paths[i]));
  return hash.hex();
}

}  // namespace

std::vector<std::pair<std::string, std::string>> read_photos_of_saliency(const fs::path& folder) {
  std::vector<std::pair<std::string, std::string>> photos;
  for (const auto& [name, done] : read_done(folder / kPhotos))
    photos.emplace_back(name, done.why);
  return photos;
}

LeftPhotos saliency_stage(Discovering& run, StageFolder& stage) {
  const auto way = discovery::make_saliency(run.options.saliency);
  const bool is_supervised = discovery::saliency_entry(run.options.saliency).supervised;
  auto done = stage.has_same_inputs() ? read_done(stage / kPhotos) : std::map<std::string, DonePhoto>();
  const auto of_all = way->learns() ? content_of_all(run) : "";
  std::map<std::string, DonePhoto> wanted;
  std::vector<size_t> missing;
  for (size_t i = 0; i < run.photos.files.size(); ++i) {
    const auto& name = run.photos.files[i];
    const auto of = run.images->content(run.photos.paths[i]) + way->content(name) + of_all;
    const auto known = done.find(name);
    const bool is_there = known != done.end() && known->second.of == of &&
                          (!known->second.why.empty() || fs::exists(stage_picture(stage.folder(), name)));
    wanted[name] = is_there ? known->second : DonePhoto{of, ""};
    if (!is_there) missing.push_back(i);
  }
  if (stage.is_done() && missing.empty() && done.size() == wanted.size()) {
    run.report.line("saliency", fmt::format("{} photos, all there", wanted.size()));
  } else {
    stage.begin("saliency", run.report);
    std::optional<SaliencyOfPhotos> saliency;
    if (!missing.empty()) {
      saliency.emplace(run);
      saliency->learn(stage / kLearnt, of_all);
    }
    std::ofstream log(stage / kPhotos, std::ios::app);
    const auto start = Clock::now();
    for (size_t at = 0; at < missing.size(); ++at) {
      stop_if_asked();
      const auto& name = run.photos.files[missing[at]];
      const auto file = stage_picture(stage.folder(), name);
      auto& one = wanted[name];
      one.why = saliency->write(missing[at], file);
      if (!one.why.empty()) fs::remove(file);
      log << line_of(name, one) << std::flush;
      run.report.progress({"saliency", static_cast<int64_t>(at) + 1, static_cast<int64_t>(missing.size()), "",
                           static_cast<double>(at + 1) / seconds_since(start), "photos"});
    }
    log.close();
    std::string all;
    for (const auto& name : run.photos.files)
      all += line_of(name, wanted[name]);
    for (const auto& [name, ignored] : done) {
      if (!wanted.contains(name)) fs::remove(stage_picture(stage.folder(), name));
    }
    write_file_atomically(stage / kPhotos, all);
    stage.finish();
    run.report.line(
        "saliency",
        fmt::format(
            "{} photos by {}{}{}", missing.size(), run.options.saliency, is_supervised ? ", supervised" : "",
            missing.size() == wanted.size() ? "" : fmt::format(", {} were there", wanted.size() - missing.size())));
  }
  LeftPhotos left;
  for (const auto& [name, one] : wanted) {
    if (!one.why.empty()) left[name] = one.why;
  }
  return left;
}

}  // namespace graft::pipelines
