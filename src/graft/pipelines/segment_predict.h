// `graft segment predict`: masks by what `segment train` or `adapt` trained; or by a segmenter out of an ONNX file, as
// whoever exported it trained it (models/onnx/photo_network.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/options.h"
#include "graft/engine/session.h"
#include "graft/models/onnx/photo_network.h"
#include "graft/pipelines/mask_folder.h"

namespace graft::pipelines {

struct SegmentPredictOptions {
  std::string run;
  std::string model;
  std::vector<std::string> files;
  models::onnx::PhotoOptions photo;
  std::string classes;
  int64_t threads = 0;
  data::OnBadFile on_bad_file = data::OnBadFile::refuse;
  std::optional<data::Exif> exif = {};
  int64_t workers = 2;
  std::string output;
};
template <class Visitor>
void fields(Visitor& visit, SegmentPredictOptions& o) {
  visit("run", o.run, "where no ONNX file is named: a run on masks, or what segment train wrote or was given");
  visit("model", o.model, "a segmenter, an ONNX file");
  visit("files", o.files, "photos, or folders of them");
  fields(visit, o.photo);
  visit("classes", o.classes,
        "names of its classes in their order: a file with one a line, or a,b,c (default: the run's; of an ONNX file "
        "class "
        "0, class 1, ..., of one map background and object)");
  visit("threads", o.threads, "threads that compute; 0: one a core, or OMP_NUM_THREADS");
  visit("on-bad-file", o.on_bad_file, "a photo that cannot be read: refuse the run, or skip it");
  visit("exif", o.exif,
        "photos with an orientation tag: keep them as they are stored, or turn them upright (default: as the run was "
        "trained; of an ONNX file keep)");
  visit("workers", o.workers, "threads that check photos");
  visit("output", o.output, "folder for the masks, and for overlays on the photos");
}

// Of a folder of segment train its last round answers. UsageError for a folder with no segmenter in it, and for options
// of an ONNX file beside a run. ModelError for a file that is no segmenter; ConfigError for names that are not as many
// as its classes.
ToldMasks segment_predict(const SegmentPredictOptions& options, const engine::Host& host, Reporter& report);

}  // namespace graft::pipelines
