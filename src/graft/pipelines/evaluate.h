// Using what was trained: scores of a run on a data set, predictions for photos or texts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/options.h"
#include "graft/engine/session.h"
#include "graft/io/image.h"
#include "graft/tasks/accuracy.h"

namespace graft::pipelines {

struct EvaluateOptions {
  std::string run;
  engine::ModelOptions model;
  engine::DataOptions data;
  data::Split split = data::Split::test;
  bool force_base = false;
  std::string output;
};
template <class Visitor>
void fields(Visitor& visit, EvaluateOptions& o) {
  visit("run", o.run, "run folder, or a folder with an adapter; RUN:0.7 for 0.7 times what it changes");
  fields(visit, o.model);
  fields(visit, o.data);
  visit("split", o.split, "split to evaluate on");
  visit("force-base", o.force_base, "load onto another base model than the one it was trained on");
  visit("output", o.output, "file for predictions, a JSON object a line");
}

// The part of a clip that an answer is of.
struct Window {
  std::string clip;
  double begin = 0, end = 0;            // seconds
  std::optional<io::Image> frame = {};  // from its middle, of a few windows a clip
};

struct Evaluation {
  tasks::Scores scores;
  tasks::Predictions predictions;
  std::vector<std::string> classes;
  data::Reads reads = data::Reads::photo;
  std::vector<Window> windows = {};  // of a timeline, a prediction each
};

// Without a model's name: the one that the run was trained on; without data: the run's own. The data's classes are
// matched to the run's by name; a class that the run does not know is a DataError. With --classes these are chosen
// among, and they may be new to the run where nothing that it learned belongs to a class (Zhou et al. 2022,
// arXiv:2203.05557: from base to new).
Evaluation evaluate(const EvaluateOptions& options, const engine::Host& host, Reporter& report);

struct PredictOptions {
  std::string run;
  engine::ModelOptions model;
  std::vector<std::string> files;
  std::string text_column = {}, pair_column = {};
  std::optional<int64_t> max_length = {};
  std::string classes;
  data::OnBadFile on_bad_file = data::OnBadFile::refuse;
  std::optional<data::Exif> exif = {};
  data::ClipOptions clips = {};
  double timeline = 0;
  std::string html, csv;
  int64_t workers = 2;
  bool force_base = false;
  std::string output = {};
};
template <class Visitor>
void fields(Visitor& visit, PredictOptions& o) {
  visit("run", o.run, "run folder, or a folder with an adapter; RUN:0.7 for 0.7 times what it changes");
  fields(visit, o.model);
  visit("files", o.files,
        "photos or clips, or folders of them; of a run on texts: files with a text a line, tables, folders, or -");
  visit("text-column", o.text_column, "table: column with the text (default: text, sentence, question, review, ...)");
  visit("pair-column", o.pair_column, "table: column with a second text; none: there is none");
  visit("max-length", o.max_length, "tokens that are read of a text (default: as the run was trained)");
  visit("classes", o.classes, "classes to choose among: a file with one a line, or a,b,c (default: the run's)");
  visit("on-bad-file", o.on_bad_file, "a photo or clip that cannot be read: refuse them all, or skip it");
  visit("exif", o.exif,
        "photos with an orientation tag: keep them as they are stored, or turn them upright (default: as the run was "
        "trained)");
  fields(visit, o.clips);
  visit("timeline", o.timeline,
        "clips: the answer in a window of so many seconds that slides by half of it; 0: one answer a clip");
  visit("html", o.html, "page to write of a timeline: a strip for each clip, with frames");
  visit("csv", o.csv, "table to write of a timeline: clip, begin, end, answer, probability");
  visit("workers", o.workers, "threads that decode photos");
  visit("force-base", o.force_base, "load onto another base model than the one it was trained on");
  visit("output", o.output, "of a run on masks: folder for the masks, and for overlays on the photos");
}
// No labels: each is -1, and the scores count nothing.
Evaluation predict(const PredictOptions& options, const engine::Host& host, Reporter& report);

}  // namespace graft::pipelines
