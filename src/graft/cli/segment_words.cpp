#include "graft/pipelines/segment_words.h"

#include "graft/cli/arguments.h"
#include "graft/cli/command.h"
#include "graft/cli/host.h"
#include "graft/cli/told_masks.h"

namespace graft::cli {
namespace {

int run(Arguments& arguments, Terminal& terminal) {
  arguments.add<pipelines::SegmentWordsOptions>();
  if (!arguments.parse(terminal)) return 0;
  arguments.require("model", "a CLIP that sees with a ViT: folder, file, or org/name in the Hugging Face cache");
  arguments.require("images", "a photo or a folder of photos");
  arguments.require("classes", "what is looked for");
  const auto options = arguments.get<pipelines::SegmentWordsOptions>();
  const auto found = pipelines::segment_by_words(options, host_of(arguments), terminal);
  if (!options.output.empty()) terminal.line("saved", options.output + ": masks, overlays and classes.txt");
  print_told_masks(found, terminal);
  return 0;
}

}  // namespace

Command segment_words_command() {
  return {
      "segment words",
      "A class for each pixel, by the classes' names alone.",
      "--model CLIP --images D --classes A,B,...",
      "graft segment words --model openai/clip-vit-base-patch16 --images holiday/ --classes sky,tree,dog -o words/\n"
      "graft segment words --model openai/clip-vit-base-patch16 --images a.jpg --classes dog --background 0.5 --refine",
      run,
      [] { return describe_options<pipelines::SegmentWordsOptions>(); }};
}

}  // namespace graft::cli
