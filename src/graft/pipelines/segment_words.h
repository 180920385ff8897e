// `graft segment words`: a class for each pixel of photos, from the classes' names alone and a CLIP that nobody trained
// for it (models/clip/dense_words.h, discovery/word_masks.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/options.h"
#include "graft/pipelines/mask_folder.h"

namespace graft::pipelines {

struct SegmentWordsOptions {
  engine::ModelOptions model;
  std::string images;
  std::string classes;
  std::string templates, templates_file;
  std::optional<int64_t> side = {};
  bool windows = false;
  bool refine = false;
  double denoise = 0.5;
  std::optional<double> background = {};
  data::OnBadFile on_bad_file = data::OnBadFile::refuse;
  data::Exif exif = data::Exif::keep;
  int64_t workers = 2;
  std::string output;
};
template <class Visitor>
void fields(Visitor& visit, SegmentWordsOptions& o) {
  fields(visit, o.model);
  visit("images", o.images, "a photo, or a folder of photos");
  visit("classes", o.classes, "what is looked for: a file with one a line, or a,b,c");
  visit("template", o.templates, "class prompt with {} for the name; several, one a line, make an ensemble");
  visit("templates", o.templates_file, "file of class prompts, one a line");
  visit("side", o.side,
        "shorter side of a photo as it is read, in pixels (default: as the model reads; of windows twice that)");
  visit("windows", o.windows, "read a photo in squares as large as the model was made for, which overlap by half");
  visit("refine", o.refine, "classes that are sure nowhere are told nowhere, and places of like keys speak together");
  visit("denoise", o.denoise, "with refine: probability that a class needs somewhere");
  visit("background", o.background, "probability below which a place is background, class 0 (default: there is none)");
  visit("on-bad-file", o.on_bad_file, "a photo that cannot be read: refuse the run, or skip it");
  visit("exif", o.exif, "photos with an orientation tag: keep them as they are stored, or turn them upright");
  visit("workers", o.workers, "threads that check photos");
  visit("output", o.output, "folder for the masks, and for overlays on the photos");
}

// ModelError for a model that reads no words or sees with no ViT.
ToldMasks segment_by_words(const SegmentWordsOptions& options, const engine::Host& host, Reporter& report);

}  // namespace graft::pipelines
