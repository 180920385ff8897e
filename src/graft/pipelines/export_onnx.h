// A model, or what a run made of it, as an ONNX file, for programs that know nothing of graft or PyTorch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/options.h"

namespace graft::pipelines {

enum class WhichTower { reader, vision, text };
std::vector<std::pair<WhichTower, std::string>> choices(WhichTower);

struct OnnxOptions {
  std::string run = {};                   // run folder, or a folder with an adapter; empty: the model as it is
  engine::ModelOptions model = {};        // an empty name: the model that the run was trained on
  WhichTower tower = WhichTower::reader;  // of a model without a run
  std::optional<int64_t> length = {};     // of texts, in tokens; absent: as many as the model reads
  std::string output = {};
  bool force = false;
  bool force_base = false;
};

template <class Visitor>
void fields(Visitor& visit, OnnxOptions& o) {
  visit("run", o.run, "run folder, or a folder with an adapter");
  fields(visit, o.model);
  visit("tower", o.tower,
        "which tower of a model without a run: the one that reads the examples, the image tower, or the text tower");
  visit("length", o.length, "tokens of a text (default: as many as the model reads)");
  visit("output", o.output, "folder to write");
  visit("force", o.force, "write over a folder that exists");
  visit("force-base", o.force_base, "load onto another base model than the one it was trained on");
}

struct OnnxExport {
  std::filesystem::path folder;
  std::vector<std::string> inputs, outputs;
  size_t nodes = 0;
  int64_t folded = 0;            // linear maps that inserts were folded into; the others are nodes of the graph
  double largest_deviation = 0;  // of the file's outputs as graft runs it, relative to their largest value
};

// Writes a folder: model.onnx (opset 17, float32, any number of examples) and preprocessing.json, which says what has
// to be done to a photo, of what length texts are, and which class each output is. Inputs are pixel_values [batch, 3,
// H, W] (of clips [batch, frames, 3, H, W]), or input_ids, attention_mask and token_type_ids [batch, length]; the
// output is logits of a run, [batch, C], or a tower's features, [batch, E]. Nothing is kept unless graft's own reader
// computes from the file what the model does (1e-4 of the largest value, for one example and for five). ModelError for
// what cannot be written, by the operation's name.
OnnxExport export_onnx(const OnnxOptions& options, const engine::Host& host, Reporter& report);

}  // namespace graft::pipelines
