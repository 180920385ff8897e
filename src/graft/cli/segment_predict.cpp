#include "graft/pipelines/segment_predict.h"

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/told_masks.h"
#include "graft/core/error.h"

namespace graft::cli {
namespace {

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::SegmentPredictOptions>();
  arguments.take_positional("files", "photos, or folders of them", true);
  if (!arguments.parse(terminal)) return 0;
  arguments.require("model", "a segmenter, an ONNX file");
  auto options = arguments.get<pipelines::SegmentPredictOptions>();
  options.files = arguments.positionals();
  if (options.files.empty())
    throw UsageError("segment",
                     "expected photos, or a folder of them. usage: graft segment predict --model FILE.onnx PHOTO ...");
  const auto found = pipelines::segment_predict(options, terminal);
  if (!options.output.empty()) terminal.line("saved", options.output + ": masks, overlays and classes.txt");
  print_told_masks(found, terminal);
  return 0;
}

}  // namespace

Command segment_predict_command() {
  return {"segment predict",
          "Masks of photos by a segmenter that others trained, out of an ONNX file.",
          "--model FILE.onnx PHOTO ...",
          "graft segment predict --model net.onnx --side 320 holiday/*.jpg -o seen/\n"
          "graft segment predict --model deeplab.onnx --classes voc.txt --mean 0.5 --std 0.5 a.jpg --json | jq .shares",
          run,
          [] { return describe_options<pipelines::SegmentPredictOptions>(); }};
}

}  // namespace graft::cli
