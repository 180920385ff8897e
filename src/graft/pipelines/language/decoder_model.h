// A decoder as prompting asks of one: texts become tokens, contexts that begin alike are read once, and answers are
// drawn.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graft/core/log.h"
#include "graft/engine/options.h"
#include "graft/models/decoder/decoder.h"
#include "graft/models/model.h"
#include "graft/prompting/language_model.h"
#include "graft/prompting/token_windows.h"
#include "graft/text/tokenizer.h"

namespace graft::pipelines::language {

// What a user may say of the model.
struct ModelChoice {
  std::string model;
  std::string adapter;
  std::string as;
  std::string precision = "auto";
  std::string device = "cpu";
  int64_t threads = 0;
  std::optional<int64_t> window = {};
  bool parse_special = false;
};
template <class Visitor>
void fields(Visitor& visit, ModelChoice& o) {
  visit("model", o.model, "a language model: folder, file, or org/name in the Hugging Face cache");
  visit("adapter", o.adapter, "what `graft lm train` wrote for it, or PEFT: a folder");
  visit("as", o.as, "family to read the weights as, where a lone file could be two");
  visit("precision", o.precision,
        "how frozen weights are held: fp32, bf16, int8, nf4, or auto (bf16 where the processor has it)");
  visit("device", o.device, "where to compute: cpu");
  visit("threads", o.threads, "threads that compute; 0: one a core, or OMP_NUM_THREADS");
  visit("window", o.window, "tokens that are read at most (default: the model's context)");
  visit("parse-special", o.parse_special, "read special tokens where their spelling stands in a text");
}

class DecoderModel final : public prompting::LanguageModel {
 public:
  struct Options {
    std::optional<int64_t> window = {};
    text::Specials specials = text::Specials::kAsText;
  };
  // ModelError for a model that is no decoder, or has no tokenizer. The reporter is told how far the work is.
  DecoderModel(std::shared_ptr<models::Model> model, const Options& options, Reporter& report);
  static DecoderModel open(const ModelChoice& choice, const engine::Host& host, Reporter& report);

  std::vector<prompting::Likelihood> log_likelihoods(std::span<const prompting::Pair> pairs) override;
  // The token that begins a text is what its first token is given, and is not scored itself; lm-evaluation-harness
  // scores it too, given itself, where the tokenizer puts one there (its issue 3333).
  std::vector<prompting::Likelihood> text_likelihoods(std::span<const std::string> texts) override;
  std::vector<prompting::Generated> generate(std::span<const prompting::Prompt> prompts,
                                             const prompting::GenerateOptions& options) override;

  // One answer, told as it grows; `show` returns whether to go on. DataError for a prompt that fills the window.
  prompting::Generated stream(const prompting::Prompt& prompt, const prompting::GenerateOptions& options,
                              const std::function<bool(std::string_view)>& show);

  // With what begins a text. Text that is no UTF-8 is a DataError.
  std::vector<int32_t> encode(std::string_view text) const;
  int64_t window() const { return window_; }
  // Tokens that went through the model so far, padding among them.
  int64_t tokens_read() const { return read_; }

 private:
  using Windows = std::vector<prompting::Window>;
  std::vector<prompting::Likelihood> score(const Windows& windows);
  at::Tensor read(const std::vector<int32_t>& tokens, nn::KeyValueCache& cache);  // [1, T, D]

  std::shared_ptr<models::Model> model_;
  const models::decoder::Decoder* decoder_;
  std::shared_ptr<const text::Tokenizer> tokenizer_;
  Reporter& report_;
  text::Specials specials_;
  int64_t window_ = 0, read_ = 0;
  std::vector<int32_t> begin_;  // what the tokenizer puts before a text
  int32_t prefix_ = 0;          // what an empty context is
};

}  // namespace graft::pipelines::language
