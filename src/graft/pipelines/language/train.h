// `graft lm train`: a decoder learns the texts that it is given, whole or by an efficient method. What is trained from
// scratch needs no weights, and is written as a model; else an adapter is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graft/core/log.h"
#include "graft/core/options.h"
#include "graft/engine/options.h"
#include "graft/planner/planner.h"
#include "graft/tasks/scores.h"

namespace graft::pipelines::language {

enum class LanguageTask { next_token };
std::vector<std::pair<LanguageTask, std::string>> choices(LanguageTask);

struct TrainOptions {
  std::string model;
  std::string data;
  std::string validation;
  std::string method = "lora";
  std::string precision = "auto";
  std::string chat_template;
  int64_t max_length = 512;
  bool no_pack = false;
  bool all_tokens = false;
  int64_t epochs = 1;
  int64_t batch_size = 4;
  std::optional<double> lr;
  double weight_decay = 0;
  double warmup = 0.05;
  double clip = 1;
  bool recompute = false;
  int64_t val_every = 1;
  int64_t checkpoint_every = 0;
  int64_t keep = 2;
  int64_t threads = 0;
  int64_t seed = 1;
  bool plan = false;
  std::string output;
  bool force = false;
  std::string resume;
  LanguageTask task = LanguageTask::next_token;
};
template <class Visitor>
void fields(Visitor& visit, TrainOptions& o) {
  visit("model", o.model, "a language model: a folder, a GGUF or another file, or org/name in the Hugging Face cache");
  visit("data", o.data, "JSONL of text, of prompt and completion, or of messages; a .txt, or a folder of them");
  visit("validation", o.validation, "such texts too, whose perplexity is told");
  visit("method", o.method, "how the model adapts: a name that `graft methods` lists");
  visit("precision", o.precision,
        "how frozen weights are held: fp32, bf16, int8, nf4, or auto (bf16 where the processor has it)");
  visit("chat-template", o.chat_template, "how conversations are written (default: as the model's files say)");
  visit("max-length", o.max_length, "tokens of a row; what is longer is cut, plain texts are split");
  visit("no-pack", o.no_pack, "a row for each text, in place of several that do not see one another");
  visit("all-tokens", o.all_tokens, "learn prompts too, and not completions and answers alone");
  visit("epochs", o.epochs, "passes over the texts");
  visit("batch-size", o.batch_size, "rows a step");
  visit("lr", o.lr, "largest learning rate, of AdamW; it falls as a cosine (not set: as the method's paper has it)");
  visit("weight-decay", o.weight_decay, "decay of matrices; biases and norms have none");
  visit("warmup", o.warmup, "epochs of rising learning rate");
  visit("clip", o.clip, "largest norm of all gradients together; 0: none");
  visit("recompute", o.recompute,
        "blocks run again in the backward and keep their input alone: slower, in less memory");
  visit("val-every", o.val_every, "epochs between validations; 0: only after the last");
  visit("checkpoint-every", o.checkpoint_every, "steps between checkpoints; 0: at the end of an epoch, now and then");
  visit("keep", o.keep, "checkpoints that are kept");
  visit("threads", o.threads, "threads that compute; 0: one a core, or OMP_NUM_THREADS");
  visit("seed", o.seed, "same seed, same numbers");
  visit("plan", o.plan, "tell what it would hold, and stop");
  visit("output", o.output, "run folder to write");
  visit("force", o.force, "write over a run folder that exists");
  visit("resume", o.resume, "run folder to go on with, as it was begun");
  visit("task", o.task, "what the model tells: the next token");
}

struct TrainResult {
  std::filesystem::path folder;
  int64_t steps = 0, tokens = 0;  // tokens that were asked for, an epoch
  double seconds = 0;
  int stopped_by = 0;
  std::optional<tasks::Scores> before, after;  // of the validation
  std::optional<planner::Plan> plan;           // where it was asked for: then nothing is trained
};

// With `resume` the run's own options hold, whatever the others say, but for `threads`: it goes on to the same bits.
TrainResult train(const TrainOptions& options, const OptionValues& method_options, const engine::Host& host,
                  Reporter& report);

// Whether a file holds texts to go on with, and nothing else that is told of them: JSONL whose first object is a
// conversation, a prompt with its completion, or a text alone. (A .txt may as well be a list of clips or of photos.)
bool holds_documents(const std::string& path);

}  // namespace graft::pipelines::language
