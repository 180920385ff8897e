#include "graft/engine/language_objective.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "graft/tensor/on_cpu.h"

namespace graft::engine {
LanguageObjective::LanguageObjective(const models::decoder::Decoder& decoder, nn::Parameters parameters,
                                     TokenRows validation)
    : decoder_(decoder), parameters_(std::move(parameters)), validation_(std::move(validation)) {}

at::Tensor LanguageObjective::loss(const train::Batch& batch, nn::Context& context) {
  const auto rows = decoder_.hidden(batch.input, context, batch.input.types);
  return models::decoder::next_token_loss(decoder_.head(), rows.flatten(0, 1), batch.target.flatten());
}

std::optional<tasks::Scores> LanguageObjective::validate() {
  if (!validation_.ids.defined()) return {};
  const torch::NoGradGuard no_grad;
  double sum = 0, weight = 0;
  const auto count = validation_.ids.size(0);
  for (int64_t begin = 0; begin < count; begin += kRowsAtOnce) {
    const auto chosen = at::arange(begin, std::min(begin + kRowsAtOnce, count), tensor::on_cpu(at::kLong));
    const auto batch = rows_batch(validation_, chosen, 0, 0);
    nn::Context context;
    sum += loss(batch, context).item<double>();
    weight += batch.weight;
  }
  tasks::Scores scores{.count = static_cast<int64_t>(weight), .loss = sum / weight};
  scores.all.push_back(
      {.name = "perplexity", .value = std::exp(sum / weight), .is_share = false, .more_is_better = false});
  return scores;
}

std::vector<std::string> LanguageObjective::score_names() const {
  return {"perplexity"};
}

}  // namespace graft::engine
