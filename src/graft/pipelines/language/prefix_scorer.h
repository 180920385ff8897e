// How likely tokens are behind others, of many windows at once: what they share is read once (shared_prefixes.h), and a
// row of logits that several windows ask of is computed once.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <vector>

#include "graft/core/log.h"
#include "graft/models/decoder/decoder.h"
#include "graft/pipelines/language/shared_prefixes.h"
#include "graft/prompting/language_model.h"
#include "graft/prompting/token_windows.h"

namespace graft::pipelines::language {

class PrefixScorer {
 public:
  PrefixScorer(const models::decoder::Decoder& decoder, Reporter& report) : decoder_(decoder), report_(report) {}

  // In the order of `windows`. DivergenceError for logits that are no numbers. Without a gradient: the caller sees to
  // that.
  std::vector<prompting::Likelihood> score(const std::vector<prompting::Window>& windows);
  int64_t tokens_read() const { return read_; }

 private:
  struct Row {
    int64_t name = 0;   // each row that is computed has its own
    at::Tensor values;  // [D]
  };
  struct Asked {  // log p(token) by a row, for a window
    size_t row = 0;
    int32_t token = 0;
    size_t window = 0;
  };

  void go_down(const SharedPrefix& group, int64_t from, nn::KeyValueCache& trunk);
  void side_by_side(const SharedPrefix& group, nn::KeyValueCache& trunk);
  void ask(size_t sorted, const std::vector<Row>& own);
  void ask_row(const Row& row, int32_t token, size_t window);
  void answer();

  const models::decoder::Decoder& decoder_;
  Reporter& report_;
  const std::vector<prompting::Window>* windows_ = nullptr;
  std::vector<size_t> order_;                    // sorted -> its place in windows_
  std::vector<std::vector<int32_t>> sequences_;  // sorted: what is read, all but the last token
  std::vector<Row> trunk_;
  std::vector<at::Tensor> rows_;  // asked and not answered yet
  std::map<int64_t, size_t> place_of_;
  std::vector<Asked> asked_;
  std::vector<prompting::Likelihood> likelihoods_;
  int64_t read_ = 0, names_ = 0, done_ = 0;
};

// Reads tokens behind what the cache holds, a few hundred at a time: rows [1, T, D].
at::Tensor read_into(const models::decoder::Decoder& decoder, const std::vector<int32_t>& tokens,
                     nn::KeyValueCache& cache);

}  // namespace graft::pipelines::language
