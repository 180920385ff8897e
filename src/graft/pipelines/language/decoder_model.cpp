#include "graft/pipelines/language/decoder_model.h"

#include <torch/types.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/engine/session.h"
#include "graft/pipelines/language/adapter.h"
#include "graft/pipelines/language/prefix_scorer.h"
#include "graft/prompting/generated_text.h"
#include "graft/text/stream_decoder.h"
#include "graft/text/tokenizer.h"

namespace graft::pipelines::language {
namespace {

using prompting::Generated;
using prompting::Likelihood;

constexpr int64_t kMostSideBySide = 32;  // answers to one prompt that are drawn at once

std::span<const float> row_of(const at::Tensor& logits, int64_t row) {
  return {logits.const_data_ptr<float>() + row * logits.size(-1), static_cast<size_t>(logits.size(-1))};
}

// An answer while it grows.
struct Growing {
  Growing(const text::Tokenizer& tokenizer, std::span<const int32_t> prompt, const prompting::GenerateOptions& options,
          Random stream)
      : decoder(tokenizer, prompt), text(options.until), random(stream) {}
  text::StreamDecoder decoder;
  prompting::GeneratedText text;
  Random random;
  Generated answer = {};
  bool done = false;
};

}  // namespace

DecoderModel::DecoderModel(std::shared_ptr<models::Model> model, const Options& options, Reporter& report)
    : model_(std::move(model)),
      decoder_(dynamic_cast<const models::decoder::Decoder*>(&model_->reader())),
      report_(report),
      specials_(options.specials) {
  const auto& source = model_->info().source;
  if (decoder_ == nullptr)
    throw ModelError("language model", "{} is {}: expected a model that writes text, of the family decoder.", source,
                     model_->info().description);
  tokenizer_ = decoder_->tokenizer();
  if (!tokenizer_)
    throw ModelError("language model",
                     "{}: no tokenizer lies beside the weights. Put the model's tokenizer.json there.", source);
  const auto& settings = decoder_->settings();
  for (const auto& part : tokenizer_->frame().single) {
    if (part.kind != text::Frame::Part::Kind::kSpecial) break;
    begin_.push_back(part.id);
  }
  if (settings.begin) {
    prefix_ = static_cast<int32_t>(*settings.begin);
  } else if (!settings.ends.empty()) {
    prefix_ = static_cast<int32_t>(settings.ends.front());
  } else if (!begin_.empty()) {
    prefix_ = begin_.front();
  } else {
    throw ModelError("language model", "{}: neither a token that begins a text nor one that ends it is known.", source);
  }
  window_ = options.window.value_or(decoder_->longest());
  if (window_ < 2 || window_ > decoder_->longest())
    throw ConfigError("language model", "--window: expected 2 to {} (the model's context), got {}.",
                      decoder_->longest(), window_);
}

DecoderModel DecoderModel::open(const ModelChoice& choice, const engine::Host& host, Reporter& report) {
  engine::ModelOptions options;
  options.model = choice.model;
  std::optional<NamedAdapter> adapter;
  if (!choice.adapter.empty()) adapter = named_adapter(choice.adapter);
  if (options.model.empty()) {
    if (!adapter)
      throw UsageError("language model", "--model is missing: a language model: a folder, a file, or org/name");
    options.model = base_of_adapter(adapter->path);
  }
  options.as = choice.as;
  options.precision = choice.precision;
  options.device = choice.device;
  options.threads = choice.threads;
  const auto model = engine::open_model(options, host, report);
  if (adapter) load_adapter(*adapter, model, report);  // the model's joints hold what it puts there
  return {model, {choice.window, choice.parse_special ? text::Specials::kParsed : text::Specials::kAsText}, report};
}

std::vector<int32_t> DecoderModel::encode(std::string_view text) const {
  auto ids = begin_;
  const auto own = tokenizer_->encode(text, specials_);
  ids.insert(ids.end(), own.begin(), own.end());
  return ids;
}

std::vector<Likelihood> DecoderModel::score(const Windows& windows) {
  const torch::NoGradGuard no_grad;
  PrefixScorer scorer(*decoder_, report_);
  auto likelihoods = scorer.score(windows);
  read_ += scorer.tokens_read();
  return likelihoods;
}

std::vector<Likelihood> DecoderModel::log_likelihoods(std::span<const prompting::Pair> pairs) {
  Windows windows;
  for (const auto& pair : pairs)
    windows.push_back(prompting::cut_left(prompting::split_pair([&](std::string_view text) { return encode(text); },
                                                                pair.context, pair.continuation, prefix_),
                                          window_));
  return score(windows);
}

std::vector<Likelihood> DecoderModel::text_likelihoods(std::span<const std::string> texts) {
  Windows windows;
  std::vector<size_t> of;  // a text each
  for (size_t i = 0; i < texts.size(); ++i) {
    for (auto& window : prompting::rolling_windows(tokenizer_->encode(texts[i], specials_), prefix_, window_)) {
      windows.push_back(std::move(window));
      of.push_back(i);
    }
  }
  const auto scored = score(windows);
  std::vector<Likelihood> all(texts.size(), Likelihood{0, 0, true});
  for (size_t w = 0; w < windows.size(); ++w) {
    all[of[w]].sum += scored[w].sum;
    all[of[w]].tokens += scored[w].tokens;
    all[of[w]].greedy = all[of[w]].greedy && scored[w].greedy;
  }
  return all;
}

at::Tensor DecoderModel::read(const std::vector<int32_t>& tokens, nn::KeyValueCache& cache) {
  read_ += static_cast<int64_t>(tokens.size());
  return read_into(*decoder_, tokens, cache);
}

namespace {

// Tokens that end a text.
std::set<int32_t> ends_of(const models::decoder::Settings& settings) {
  return {settings.ends.begin(), settings.ends.end()};
}

}  // namespace

// Prompts that are equal are read once and answered side by side; others go on from what they share with the one
// before.
std::vector<Generated> DecoderModel::generate(std::span<const prompting::Prompt> prompts,
                                              const prompting::GenerateOptions& options) {
  const torch::NoGradGuard no_grad;
  prompting::check(options.sampling, "generate");
  std::vector<std::vector<int32_t>> tokens;
  for (const auto& prompt : prompts) {
    tokens.push_back(encode(prompt.text));
    if (tokens.back().empty()) tokens.back().push_back(prefix_);
    if (static_cast<int64_t>(tokens.back().size()) >= window_)
      throw DataError("generate", "a prompt of {} tokens leaves no room in the {} that are read. Give less of it.",
                      tokens.back().size(), window_);
  }
  std::vector<size_t> order(prompts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return tokens[a] < tokens[b]; });
  const auto ends = ends_of(decoder_->settings());
  std::vector<Generated> answers(prompts.size());
  auto trunk = decoder_->new_cache();
  std::vector<int32_t> held;  // what the trunk has read
  at::Tensor last;            // [1, D] behind it
  for (size_t begin = 0; begin < order.size();) {
    const auto& prompt = tokens[order[begin]];
    size_t end = begin + 1;
    while (end < order.size() && tokens[order[end]] == prompt &&
           static_cast<int64_t>(end - begin) < (options.sampling.temperature == 0 ? 1'000'000 : kMostSideBySide))
      ++end;
    const auto same = std::mismatch(held.begin(), held.end(), prompt.begin(), prompt.end()).first - held.begin();
    const auto kept = std::min<int64_t>(same, static_cast<int64_t>(prompt.size()) - 1);  // its last row is wanted
    trunk.truncate(kept);
    last = read({prompt.begin() + kept, prompt.end()}, trunk).select(1, -1);
    held = prompt;
    const bool drawn = options.sampling.temperature > 0;  // else all answers are one
    const auto count = drawn ? static_cast<int64_t>(end - begin) : 1;
    std::vector<Growing> growing;
    for (int64_t i = 0; i < count; ++i)
      growing.emplace_back(*tokenizer_, prompt, options, prompts[order[begin + static_cast<size_t>(i)]].random);
    auto cache = trunk.fork();
    auto logits = decoder_->logits(last).expand({count, -1}).contiguous();
    const auto room = std::min<int64_t>(options.max_tokens, window_ - static_cast<int64_t>(prompt.size()));
    for (int64_t step = 0; step < room; ++step) {
      stop_if_asked();
      auto next = at::zeros({count, 1}, last.options().dtype(at::kLong));
      bool any = false;
      for (int64_t i = 0; i < count; ++i) {
        auto& one = growing[static_cast<size_t>(i)];
        if (one.done) continue;
        const auto token = prompting::sample_token(row_of(logits, i), options.sampling, one.random);
        if (ends.count(token) > 0) {
          one.answer.ended = Generated::Ended::end_of_text;
          one.done = true;
          continue;
        }
        ++one.answer.tokens;
        one.text.add(one.decoder.add(token));
        if (one.text.stopped()) {
          one.answer.ended = Generated::Ended::stop_string;
          one.done = true;
          continue;
        }
        next[i][0] = static_cast<int64_t>(token);
        any = true;
      }
      if (!any || step + 1 == room) break;
      read_ += count;
      logits = decoder_->next(next, cache).contiguous();
    }
    for (size_t i = begin; i < end; ++i) {
      auto& one = growing[drawn ? i - begin : 0];
      one.text.add(one.decoder.finish());
      one.text.finish();
      if (one.text.stopped()) one.answer.ended = Generated::Ended::stop_string;
      one.answer.text = one.text.text();
      answers[order[i]] = one.answer;
    }
    report_.progress({"generate", static_cast<int64_t>(end), static_cast<int64_t>(order.size()), "", 0, "answers"});
    begin = end;
  }
  return answers;
}

Generated DecoderModel::stream(const prompting::Prompt& prompt, const prompting::GenerateOptions& options,
                               const std::function<bool(std::string_view)>& show) {
  const torch::NoGradGuard no_grad;
  prompting::check(options.sampling, "generate");
  auto tokens = encode(prompt.text);
  if (tokens.empty()) tokens.push_back(prefix_);
  const auto length = static_cast<int64_t>(tokens.size());
  if (length >= window_)
    throw DataError("generate",
                    "the prompt has {} tokens, which leaves no room in the {} that are read. Give less of it.", length,
                    window_);
  const auto ends = ends_of(decoder_->settings());
  auto cache = decoder_->new_cache();
  Growing one(*tokenizer_, tokens, options, prompt.random);
  const auto last_row = read(tokens, cache).select(1, -1);
  auto logits = decoder_->logits(last_row).contiguous();
  const auto room = std::min<int64_t>(options.max_tokens, window_ - length);
  bool wanted = true;
  for (int64_t step = 0; step < room && wanted; ++step) {
    stop_if_asked();
    const auto token = prompting::sample_token(row_of(logits, 0), options.sampling, one.random);
    if (ends.count(token) > 0) {
      one.answer.ended = Generated::Ended::end_of_text;
      break;
    }
    ++one.answer.tokens;
    const auto piece = one.text.add(one.decoder.add(token));
    if (!piece.empty()) wanted = show(piece);
    if (one.text.stopped()) break;
    if (step + 1 < room && wanted) {
      ++read_;
      logits = decoder_->next(at::full({1, 1}, static_cast<int64_t>(token), last_row.options().dtype(at::kLong)), cache)
                   .contiguous();
    }
  }
  std::string rest = one.text.add(one.decoder.finish());
  rest += one.text.finish();
  if (wanted && !rest.empty()) show(rest);
  if (one.text.stopped()) one.answer.ended = Generated::Ended::stop_string;
  one.answer.text = one.text.text();
  return one.answer;
}

}  // namespace graft::pipelines::language
