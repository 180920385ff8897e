// What a language model costs: a LoRA step, a prompt read and an answer drawn, items scored behind sixteen examples;
// and what it says of given tokens and behind them, for bench/peers/decoder_precision.py. With the JSON of
// bench/peers/language_peer.py; run in turn by bench/peers/language.py.
#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "graft/engine/language_objective.h"
#include "graft/engine/session.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/language/adapter.h"
#include "graft/pipelines/language/decoder_model.h"
#include "graft/pipelines/language/prefix_scorer.h"
#include "graft/tensor/kept_memory.h"
#include "graft/train/optimizer.h"
#include "measure.h"

namespace {

using namespace graft;
using models::decoder::Decoder;
using nlohmann::json;

struct Options {
  std::string model, work = "train", precision = "auto", data, out;
  int64_t batch = 4, length = 256, documents = 2, steps = 4, warmup = 1, threads = 0, prompt = 512, tokens = 64;
  int64_t logits = 0;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("model", o.model, "folder or file");
  visit("work", o.work, "train, write, evaluate, score or draw");
  visit("precision", o.precision, "of the frozen weights");
  visit("data", o.data,
        "evaluate: JSON, a list of [context, [continuation, ...]]; score, draw: safetensors with `ids`");
  visit("out", o.out, "score, draw: safetensors to write");
  visit("batch", o.batch, "train: rows a step");
  visit("length", o.length, "train: tokens of a row");
  visit("documents", o.documents, "train: packed in a row");
  visit("steps", o.steps, "train: timed ones; write: answers");
  visit("warmup", o.warmup, "before them");
  visit("threads", o.threads, "that compute");
  visit("prompt", o.prompt, "write: tokens that are read");
  visit("tokens", o.tokens, "write, draw: tokens that are drawn, of write behind a short prompt");
  visit("logits", o.logits, "score: tokens of the first row whose logits are written");
}

double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

at::Tensor random_ids(const Decoder& decoder, at::IntArrayRef sizes) {
  torch::manual_seed(7);
  return torch::randint(3, decoder.vocabulary(), sizes);
}

// Seconds of the wall and of the processor, a piece of work each.
struct Timed {
  std::vector<double> wall, processor;
  template <class Work>
  void operator()(const Work& work) {
    const double begin = bench::now(), busy = processor_seconds();
    work();
    wall.push_back(bench::now() - begin);
    processor.push_back(processor_seconds() - busy);
  }
  void forget() { wall.clear(), processor.clear(); }
  json rate(int64_t tokens) const {
    const auto count = static_cast<double>(tokens);
    return {{"tokens_per_s", count / bench::median(wall)}, {"per_processor_s", count / bench::median(processor)}};
  }
};

json trained(const Options& o, const std::shared_ptr<models::Model>& model) {
  const auto& decoder = pipelines::language::decoder_of(*model);
  const auto adapted = pipelines::language::adapt_decoder(model, "lora", {{"target", "q,v"}, {"rank", "8"}}, 1);
  engine::LanguageObjective objective(decoder, adapted.parameters);
  train::Optimizer optimizer(adapted.parameters, {.weight_decay = 0.01});
  const auto ids = random_ids(decoder, {o.batch, o.length});
  train::Batch batch{.input = {ids},
                     .target = at::constant_pad_nd(ids.narrow(1, 1, o.length - 1), {0, 1}, -1),
                     .weight = static_cast<double>(o.batch * (o.length - 1))};
  if (o.documents > 1) batch.input.types = at::arange(o.length).mul(o.documents).div(o.length, "floor").expand_as(ids);
  Timed timed;
  std::vector<double> losses;
  for (int64_t i = 0; i < o.warmup + o.steps; ++i) {
    if (i == o.warmup) timed.forget();
    timed([&] {
      nn::Context context{.training = true};
      const auto loss = objective.loss(batch, context) / batch.weight;
      optimizer.clear_gradients();
      loss.backward();
      optimizer.step(1e-3);
      losses.push_back(loss.item<double>());
    });
  }
  auto row = timed.rate(o.batch * o.length);
  row["losses"] = losses;
  return row;
}

// The rate of reading a prompt, and of drawing tokens one by one behind a short one.
json written(const Options& o, const Decoder& decoder) {
  const torch::NoGradGuard no_grad;
  const auto ids = random_ids(decoder, {1, o.prompt});
  const std::vector<int32_t> prompt(ids.const_data_ptr<int64_t>(), ids.const_data_ptr<int64_t>() + o.prompt);
  const std::vector<int32_t> start(prompt.begin(), prompt.begin() + std::min<int64_t>(32, o.prompt));
  Timed reading, drawing;
  for (int64_t i = 0; i < o.warmup + o.steps; ++i) {
    if (i == o.warmup) reading.forget(), drawing.forget();
    auto cache = decoder.new_cache();
    reading([&] { decoder.logits(pipelines::language::read_into(decoder, prompt, cache).select(1, -1)); });
    auto other = decoder.new_cache();
    auto next = decoder.logits(pipelines::language::read_into(decoder, start, other).select(1, -1)).argmax(1, true);
    drawing([&] {
      for (int64_t t = 0; t < o.tokens; ++t)
        next = decoder.next(next, other).argmax(1, true);
    });
  }
  return {{"read", reading.rate(o.prompt)}, {"drawn", drawing.rate(o.tokens)}};
}

json evaluate(const Options& o, const std::shared_ptr<models::Model>& model, Reporter& report) {
  pipelines::language::DecoderModel language(model, {}, report);
  const auto items = json::parse(std::ifstream(o.data));
  std::vector<prompting::Pair> pairs;
  for (const auto& item : items) {
    for (const auto& choice : item[1])
      pairs.push_back({item[0], choice});
  }
  Timed timed;
  std::vector<double> sums;
  timed([&] {
    for (const auto& one : language.log_likelihoods(pairs))
      sums.push_back(one.sum);
  });
  return {{"items_per_s", static_cast<double>(items.size()) / timed.wall[0]},
          {"per_processor_s", static_cast<double>(items.size()) / timed.processor[0]},
          {"tokens_read", language.tokens_read()},
          {"sums", sums}};
}

// Rows of ids [N, T], each read on its own: what each token's log-likelihood is behind those before it, [N, T - 1].
json score(const Options& o, const Decoder& decoder) {
  const torch::NoGradGuard no_grad;
  const auto ids = nn::read_tensors(o.data).at("ids").to(at::kLong);
  nn::NamedTensors found;
  std::vector<at::Tensor> all;
  for (int64_t i = 0; i < ids.size(0); ++i) {
    const auto row = ids.narrow(0, i, 1);
    const auto rows = decoder.hidden(nn::Value{row.narrow(1, 0, row.size(1) - 1).contiguous()}, {}).squeeze(0);
    if (i == 0 && o.logits > 0) found["logits"] = decoder.logits(rows.narrow(0, 0, o.logits).contiguous());
    all.push_back(models::decoder::token_scores(decoder.head(), rows, row[0].slice(0, 1)).log_likelihoods);
  }
  found["log_likelihoods"] = at::stack(all);
  nn::write_tensors(o.out, found);
  return json::object();
}

// Rows of ids [N, T], each read on its own and gone on with what is likeliest: [N, tokens].
json drawn(const Options& o, const Decoder& decoder) {
  const torch::NoGradGuard no_grad;
  const auto ids = nn::read_tensors(o.data).at("ids").to(at::kLong);
  auto answers = at::empty({ids.size(0), o.tokens}, ids.options());
  for (int64_t i = 0; i < ids.size(0); ++i) {
    auto cache = decoder.new_cache();
    auto logits = decoder.logits(decoder.hidden(ids.narrow(0, i, 1), cache).select(1, -1));
    for (int64_t t = 0; t < o.tokens; ++t) {
      const auto next = logits.argmax(1, true);
      answers[i][t] = next[0][0];
      if (t + 1 < o.tokens) logits = decoder.next(next, cache);
    }
  }
  nn::write_tensors(o.out, {{"answers", answers}});
  return json::object();
}

}  // namespace

int main(int argc, char** argv) {
  tensor::keep_tensor_memory();  // as the program does
  const auto o = bench::parse<Options>("bench_language", argc, argv);
  Silent silent;
  engine::ModelOptions of_model;
  of_model.model = o.model;
  of_model.precision = o.precision;
  of_model.threads = o.threads;
  const auto model = engine::open_model(of_model, {}, silent);
  const double ready = bench::since_start(), ready_mb = bench::peak_mb();
  const auto& decoder = pipelines::language::decoder_of(*model);
  auto row = o.work == "train"      ? trained(o, model)
             : o.work == "write"    ? written(o, decoder)
             : o.work == "evaluate" ? evaluate(o, model, silent)
             : o.work == "draw"     ? drawn(o, decoder)
                                    : score(o, decoder);
  row.update({{"peer", "graft"},
              {"precision", o.precision},
              {"ready_s", ready},
              {"ready_mb", ready_mb},
              {"peak_mb", bench::peak_mb()}});
  fmt::print("{}\n", row.dump());
}
