#include "graft/pipelines/language/train.h"

#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <tuple>

#include "graft/core/error.h"
#include "graft/core/hash.h"
#include "graft/core/quantities.h"
#include "graft/core/random.h"
#include "graft/data/documents.h"
#include "graft/engine/language_objective.h"
#include "graft/engine/session.h"
#include "graft/io/yaml_options.h"
#include "graft/methods/entry.h"
#include "graft/pipelines/language/adapter.h"
#include "graft/pipelines/language/drawn_model.h"
#include "graft/pipelines/language/train_plan.h"
#include "graft/text/chat_template.h"
#include "graft/text/tokenizer.h"
#include "graft/train/after_steps.h"
#include "graft/train/run_folder.h"
#include "graft/train/trainer.h"

namespace graft::pipelines::language {
namespace {

void check_ranges(const TrainOptions& o) {
  std::string wrong;
  const auto need = [&](bool fine, const char* name, const char* expected, auto value) {
    if (!fine) wrong += fmt::format("\n  --{}: expected {}, got {}", name, expected, value);
  };
  need(o.max_length >= 2, "max-length", "2 or more", o.max_length);
  need(o.epochs >= 1 && o.epochs <= 1'000'000, "epochs", "1 to a million", o.epochs);
  need(o.batch_size >= 1, "batch-size", "1 or more", o.batch_size);
  need(o.lr.value_or(1) > 0, "lr", "more than 0", o.lr.value_or(1));
  need(o.weight_decay >= 0, "weight-decay", "0 or more", o.weight_decay);
  need(o.warmup >= 0, "warmup", "0 or more", o.warmup);
  need(o.clip >= 0, "clip", "0 or more", o.clip);
  need(o.val_every >= 0, "val-every", "0 or more", o.val_every);
  need(o.checkpoint_every >= 0, "checkpoint-every", "0 or more", o.checkpoint_every);
  need(o.keep >= 1, "keep", "1 or more", o.keep);
  if (!wrong.empty()) throw ConfigError("lm", "values out of range:{}", wrong);
}

// Whether the method takes of a model its shape alone.
bool is_from_scratch(const TrainOptions& o, const OptionValues& method_options) {
  const auto config = methods::make_method(o.method, method_options)->config();
  const auto said = config.find("from-scratch");
  return said != config.end() && said->second == option::print(true);
}

std::optional<text::ChatTemplate> chat_of(const TrainOptions& o, const models::Model& model) {
  if (!o.chat_template.empty()) return text::ChatTemplate::named(o.chat_template);
  const auto program = text::chat_program(model.info().source);
  if (program.empty()) return {};
  return text::ChatTemplate::recognised(program, model.info().source);
}

engine::TokenRows read_rows(const std::string& path, const TrainOptions& o, const models::Model& model,
                            std::string_view as, Reporter& report) {
  const auto& decoder = decoder_of(model);
  const auto tokenizer = decoder.tokenizer();
  if (!tokenizer) throw ModelError("lm", "{}: no tokenizer lies beside the weights, so no text can be read.", o.model);
  const auto length = std::min(o.max_length, decoder.context_length());
  data::DocumentOptions reading;
  reading.max_length = length;
  reading.completions_alone = !o.all_tokens;
  reading.chat = [&] { return chat_of(o, model); };
  const auto documents = data::read_documents(path, *tokenizer, reading);
  for (const auto& left : documents.left_out)
    report.note({.text = "left out: " + left, .numbers = false});
  if (documents.cut > 0)
    report.note({fmt::format("{} texts are longer than {} tokens and lose {:L} of them", documents.cut, length,
                             documents.lost_tokens)});
  if (documents.straddling > 0)
    report.note({fmt::format("{} answers begin within a token of their prompt", documents.straddling)});
  auto rows = engine::token_rows(documents, length, !o.no_pack, tokenizer->pad());
  report.line(as, fmt::format("{}  {:L} documents · {:L} tokens, {:L} of them learned · {} rows of {}", path,
                              documents.documents.size(), documents.tokens(), documents.targets(), rows.ids.size(0),
                              rows.ids.size(1)));
  return rows;
}

// They change no bit.
bool is_free(const std::string& option) {
  for (const char* free : {"threads", "keep", "checkpoint-every", "output", "resume", "force", "model", "data",
                           "validation", "recompute", "task"})
    if (option == free) return true;
  return false;
}

// The options that a run was begun with, and its method's.
std::pair<TrainOptions, OptionValues> begun_with(const std::filesystem::path& folder) {
  const auto file = folder / "config.yaml";
  std::error_code error;
  if (!std::filesystem::exists(file, error))
    throw FileError("resume", "{} holds no config.yaml: nothing to go on with. Is it a run folder?", folder.string());
  auto all = io::read_yaml_options(file);
  OptionValues own;
  for (const auto& info : describe_options<TrainOptions>()) {
    if (auto found = all.extract(info.name)) own.insert(std::move(found));
  }
  return {read_options<TrainOptions>(file.string(), own), all};
}

// What makes it the same run: options, texts and weights.
std::string identity_of(const OptionValues& config, const engine::TokenRows& rows, const engine::TokenRows& validation,
                        const models::Model& model) {
  Hash hash;
  for (const auto& [name, value] : config)
    if (!is_free(name)) hash.add(name).add(value);
  for (const auto* each : {&rows, &validation}) {
    for (const auto& tensor : {each->ids, each->targets, each->documents}) {
      if (!tensor.defined()) continue;
      const auto* bytes = static_cast<const char*>(tensor.const_data_ptr());
      hash.add(std::string_view(bytes, static_cast<size_t>(tensor.nbytes())));
    }
  }
  return hash.add(model.info().fingerprint).hex();
}

}  // namespace

std::vector<std::pair<LanguageTask, std::string>> choices(LanguageTask) {
  return {{LanguageTask::next_token, engine::kLanguageTask}};
}

bool holds_documents(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!path.ends_with(".jsonl") || !std::getline(file, line)) return false;
  const auto first = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!first.is_object()) return false;
  return first.contains("messages") || (first.contains("prompt") && first.contains("completion")) ||
         (first.contains("text") && first.size() == 1);
}

TrainResult train(const TrainOptions& asked, const OptionValues& asked_of_method, const engine::Host& host,
                  Reporter& report) {
  auto o = asked;
  auto method_options = asked_of_method;
  const bool resumes = !asked.resume.empty();
  if (resumes) {
    std::tie(o, method_options) = begun_with(asked.resume);
    o.threads = asked.threads;
  }
  check_ranges(o);
  if (!resumes && !o.output.empty()) train::RunFolder::check_output(o.output, o.force);
  engine::ModelOptions of_model;
  of_model.model = o.model;
  of_model.precision = o.precision;
  of_model.threads = o.threads;
  std::optional<DrawnModel> drawn;
  if (is_from_scratch(o, method_options)) drawn.emplace(of_model, static_cast<uint64_t>(o.seed), host, report);
  const auto model = drawn ? drawn->model() : engine::open_model(of_model, host, report);
  const auto rows = read_rows(o.data, o, *model, "data", report);
  engine::TokenRows validation;
  if (!o.validation.empty()) validation = read_rows(o.validation, o, *model, "val", report);

  const auto adapted = adapt_decoder(model, o.method, method_options, static_cast<uint64_t>(o.seed));
  report.line("method", fmt::format("{} · {} trained of {}", o.method, format_count(adapted.trained_parameters()),
                                    format_count(model->info().parameters)));
  auto config = write_options(o);
  config.erase("resume");
  const auto of_method = adapted.method->config();
  config.insert(of_method.begin(), of_method.end());
  std::optional<train::RunFolder> folder;
  if (resumes) {
    folder = train::RunFolder::reopen(asked.resume);
  } else if (!o.output.empty() && !o.plan) {
    folder = train::RunFolder::create(o.output, o.force, config);
  }

  engine::LanguageObjective objective(decoder_of(*model), adapted.parameters, validation);
  TrainResult result;
  result.tokens = rows.targets.ge(0).sum().item<int64_t>();
  if (o.plan) {
    planner::Planner planner(workload_of(objective, adapted, rows, validation));
    result.plan = planner.plan(o.recompute, std::min(o.batch_size, rows.ids.size(0)));
    return result;
  }
  if (!resumes) result.before = objective.validate();
  if (result.before) report.line("before", fmt::format("validation {}", tasks::format_scores(*result.before, 1)));
  methods::Recipe recipe;
  recipe.lr = o.lr.value_or(adapted.method->recipe(adapted.setting).lr);
  recipe.weight_decay = o.weight_decay;
  recipe.epochs = o.epochs;
  recipe.warmup_epochs = std::min(o.warmup, static_cast<double>(o.epochs));
  recipe.batch_size = std::min(o.batch_size, rows.ids.size(0));
  recipe.clip_norm = o.clip;
  const Random random(static_cast<uint64_t>(o.seed));
  engine::TokenBatches batches(rows, recipe.batch_size, [&](int64_t epoch) {
    std::vector<int64_t> order(static_cast<size_t>(rows.ids.size(0)));
    std::iota(order.begin(), order.end(), 0);
    auto draws = random.fork(fmt::format("epoch {}", epoch));
    for (size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[draws.below(i)]);
    return order;
  });
  train::TrainerOptions training;
  training.recipe = recipe;
  training.rates = adapted.adaptation.rates;
  training.unit = "rows";
  training.val_every = o.val_every;
  training.checkpoint_every = o.checkpoint_every;
  training.keep = o.keep;
  training.identity = identity_of(config, rows, validation, *model);
  training.seed = static_cast<uint64_t>(o.seed);
  training.recompute = o.recompute;
  train::Trainer trainer(objective, batches, training, folder ? &*folder : nullptr, report);
  const auto outcome = trainer.run();
  if (folder) result.folder = folder->path();
  result.steps = outcome.steps;
  result.seconds = outcome.all_seconds;
  result.stopped_by = outcome.stopped_by;
  if (result.stopped_by != 0) {
    report.line("stopped", folder ? fmt::format("go on with: graft lm train --resume {}", folder->path().string())
                                  : "nothing was written");
    return result;
  }
  const auto read = static_cast<double>(rows.present.sum().item<int64_t>() * outcome.epochs);
  report.line("train", fmt::format("{} steps in {:.1f} s, {:.0f} tokens/s", outcome.steps_here, outcome.seconds,
                                   read / std::max(outcome.seconds, 1e-9)));
  result.after = outcome.validation;
  if (!result.after && validation.ids.defined())  // a run that was done already
    result.after = train::after_steps(outcome.steps, [&] { return objective.validate(); });
  if (folder) {
    if (drawn) {
      drawn->write(folder->path());
    } else {
      save_adapter(folder->path(), adapted);
    }
    folder->sync_metrics();
    report.line("saved", folder->path().string());
  }
  return result;
}

}  // namespace graft::pipelines::language
