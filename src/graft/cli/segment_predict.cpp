#include "graft/pipelines/segment_predict.h"

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/told_masks.h"
#include "graft/core/error.h"

namespace graft::cli {
namespace {

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::SegmentPredictOptions>();
  arguments.take_positional("files", "a run, or what segment train wrote or was given; then photos, or folders of them",
                            true);
  if (!arguments.parse(terminal)) return 0;
  auto options = arguments.get<pipelines::SegmentPredictOptions>();
  options.files = arguments.positionals();
  if (options.model.empty() && options.run.empty() && !options.files.empty()) {  // the first names what answers
    options.run = options.files.front();
    options.files.erase(options.files.begin());
  }
  if (!options.model.empty() && !options.run.empty())
    throw UsageError("segment", "--model {} and --run {}: one of them answers. Leave the other out.", options.model,
                     options.run);
  if (options.files.empty())
    throw UsageError("segment",
                     "expected photos, or a folder of them. usage: graft segment predict RUN PHOTO ..., or "
                     "--model FILE.onnx PHOTO ...");
  const auto found = pipelines::segment_predict(options, host_of(arguments), terminal);
  if (!options.output.empty()) terminal.line("saved", options.output + ": masks, overlays and classes.txt");
  print_told_masks(found, terminal);
  return 0;
}

}  // namespace

Command segment_predict_command() {
  return {"segment predict",
          "Masks of photos by a segmenter: one that graft trained, or out of an ONNX file.",
          "RUN|--model FILE.onnx PHOTO ...",
          "graft segment predict runs/seg holiday/*.jpg -o seen/\n"
          "graft segment predict --model net.onnx --side 320 holiday/*.jpg -o seen/\n"
          "graft segment predict --model deeplab.onnx --classes voc.txt --mean 0.5 --std 0.5 a.jpg --json | jq .shares",
          run,
          [] { return describe_options<pipelines::SegmentPredictOptions>(); }};
}

}  // namespace graft::cli
