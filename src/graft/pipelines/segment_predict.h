// `graft segment predict`: masks by a segmenter out of an ONNX file, as whoever exported it trained it
// (models/onnx/photo_network.h). What graft itself trained answers with `graft predict`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/options.h"
#include "graft/models/onnx/photo_network.h"
#include "graft/pipelines/mask_folder.h"

namespace graft::pipelines {

struct SegmentPredictOptions {
  std::string model;
  std::vector<std::string> files;
  models::onnx::PhotoOptions photo;
  std::string classes;
  int64_t threads = 0;
  data::OnBadFile on_bad_file = data::OnBadFile::refuse;
  data::Exif exif = data::Exif::keep;
  int64_t workers = 2;
  std::string output;
};
template <class Visitor>
void fields(Visitor& visit, SegmentPredictOptions& o) {
  visit("model", o.model, "a segmenter, an ONNX file");
  visit("files", o.files, "photos, or folders of them");
  fields(visit, o.photo);
  visit("classes", o.classes,
        "names of its classes in their order: a file with one a line, or a,b,c (default: class 0, class 1, ...; of one "
        "map background and object)");
  visit("threads", o.threads, "threads that compute; 0: one a core, or OMP_NUM_THREADS");
  visit("on-bad-file", o.on_bad_file, "a photo that cannot be read: refuse the run, or skip it");
  visit("exif", o.exif, "photos with an orientation tag: keep them as they are stored, or turn them upright");
  visit("workers", o.workers, "threads that check photos");
  visit("output", o.output, "folder for the masks, and for overlays on the photos");
}

// ModelError for a file that is no segmenter; ConfigError for names that are not as many as its classes.
ToldMasks segment_predict(const SegmentPredictOptions& options, Reporter& report);

}  // namespace graft::pipelines
