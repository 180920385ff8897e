// `graft segment swap`: what a classifier answers when the background of a photo is exchanged and its object is not
// (data/composite.h, pipelines/background_effects.h). Each photo is asked as it is, cut out and put back on its own
// background (which must change nothing), on backgrounds of photos of its own class, on those of other classes, and
// without its object.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/data/composite_source.h"
#include "graft/engine/options.h"
#include "graft/pipelines/background_effects.h"
#include "graft/tasks/predictions.h"

namespace graft::pipelines {

struct SwapDraws {
  int64_t draws = 4;
  int64_t seed = 1;
  data::CompositeOptions composite = {};
};
template <class Visitor>
void fields(Visitor& visit, SwapDraws& o) {
  visit("draws", o.draws, "backgrounds of the own class that a photo is put on, and as many of other classes");
  visit("seed", o.seed, "of the backgrounds that are drawn, and of the intervals");
  fields(visit, o.composite);
}

struct SwapOptions {
  std::string run;
  engine::ModelOptions model;
  engine::DataOptions data;
  std::string masks;
  data::Split split = data::Split::test;
  SwapDraws draws = {};
  std::string templates, templates_file;
  bool force_base = false;
  std::string output;
};
template <class Visitor>
void fields(Visitor& visit, SwapOptions& o) {
  visit("run", o.run, "run folder, or a folder with an adapter, of a classifier (without one: a CLIP's zero-shot)");
  fields(visit, o.model);
  fields(visit, o.data);
  visit("masks", o.masks,
        "folder of masks, x.png of x.jpg, or in the data's folders; 0 is background and all else the object (default: "
        "the data's own masks, whose one class beside the background is the photo's)");
  visit("split", o.split, "split whose photos are cut out");
  fields(visit, o.draws);
  visit("template", o.templates, "zero-shot: class prompt with {} for the name; several, one a line, make an ensemble");
  visit("templates", o.templates_file, "zero-shot: file of class prompts, one a line");
  visit("force-base", o.force_base, "load the run onto another base model than the one it was trained on");
  visit("output", o.output, "folder for summary.json, swaps.jsonl and report.html");
}

struct Swaps {
  data::CutPhotos photos;            // labels are places in `classes`
  std::vector<std::string> classes;  // that the classifier chooses among
  std::vector<PhotoAnswers> answers;
  BackgroundEffects effects;
};

// What answers: a row for each of a source's examples.
using Classify = std::function<tasks::Predictions(const data::Source&)>;

// DataError for one photo, and where all are of one class: there is no other background to be had.
Swaps swap_backgrounds(data::CutPhotos photos, std::vector<std::string> classes, const data::ImageTransform& transform,
                       const SwapDraws& options, const Classify& classify);

// The same of a run's classifier, or a CLIP's class prompts. DataError, for all photos at once, where a mask is
// missing, of another size, marks nothing or everything, or holds several classes; --on-bad-file skip leaves such out.
Swaps swap_backgrounds(const SwapOptions& options, const engine::Host& host, Reporter& report);

}  // namespace graft::pipelines
