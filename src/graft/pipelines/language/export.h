// `graft lm export`: what a language model learned, as other programs read it, and back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/options.h"

namespace graft::pipelines::language {

enum class ExportTo { gguf_lora, peft, gguf };
std::vector<std::pair<ExportTo, std::string>> choices(ExportTo);

enum class NumberType { f32, f16, bf16, q8_0 };
std::vector<std::pair<NumberType, std::string>> choices(NumberType);

struct ExportOptions {
  std::string run;
  std::string model;
  ExportTo to = ExportTo::gguf_lora;
  std::optional<NumberType> type = {};
  std::string output;
  bool force = false;
  int64_t threads = 0;
};
template <class Visitor>
void fields(Visitor& visit, ExportOptions& o) {
  visit("run", o.run, "what was learned: a run of `lm train`, a folder of PEFT's, or a GGUF LoRA");
  visit("model", o.model, "the model that it was learned on (default: the one that the run names)");
  visit("to", o.to,
        "gguf-lora: a file for llama.cpp's --lora; peft: a folder; gguf: the whole model, what was learned in it");
  visit("type", o.type,
        "of numbers: f32 or f16 of a LoRA (default f32); of a model f16, q8_0, bf16 or f32 (default f16)");
  visit("output", o.output, "the file, or for peft the folder, to write");
  visit("force", o.force, "write over what is there");
  visit("threads", o.threads, "threads that compute; 0: one a core, or OMP_NUM_THREADS");
}

struct Exported {
  std::filesystem::path path;
  int64_t matrices = 0;          // of a GGUF LoRA
  double alpha = 0;              // likewise
  int64_t tensors = 0;           // of a whole model
  int64_t changed = 0;           // of them, by what was learned
  double largest_deviation = 0;  // of the logits of what was read back, relative to the largest
};
// What is written is read back onto the model and compared. ModelError, with nothing written, for an adapter that the
// format cannot hold, by name and with what to do.
Exported export_adapter(const ExportOptions& options, const engine::Host& host, Reporter& report);

}  // namespace graft::pipelines::language
