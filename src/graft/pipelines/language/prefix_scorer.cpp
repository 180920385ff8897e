#include "graft/pipelines/language/prefix_scorer.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "graft/core/error.h"
#include "graft/core/signals.h"
#include "graft/tensor/on_cpu.h"

namespace graft::pipelines::language {
namespace {

constexpr int64_t kTokensAtOnce = 512;  // in one call
constexpr size_t kRowsOfLogits = 32;    // of 262,144 words 32 MiB

at::Tensor ids_of(std::span<const int32_t> tokens) {
  auto ids = at::empty({1, static_cast<int64_t>(tokens.size())}, tensor::on_cpu(at::kLong));
  std::copy(tokens.begin(), tokens.end(), ids.mutable_data_ptr<int64_t>());
  return ids;
}

}  // namespace

at::Tensor read_into(const models::decoder::Decoder& decoder, const std::vector<int32_t>& tokens,
                     nn::KeyValueCache& cache) {
  std::vector<at::Tensor> pieces;
  const std::span<const int32_t> all(tokens);
  for (size_t at = 0; at < all.size(); at += kTokensAtOnce) {
    stop_if_asked();
    pieces.push_back(decoder.hidden(ids_of(all.subspan(at, std::min<size_t>(kTokensAtOnce, all.size() - at))), cache));
  }
  return pieces.size() == 1 ? pieces.front() : at::cat(pieces, 1);
}

std::vector<prompting::Likelihood> PrefixScorer::score(const std::vector<prompting::Window>& windows) {
  windows_ = &windows;
  likelihoods_.assign(windows.size(), {0, 0, true});
  if (windows.empty()) return likelihoods_;
  std::vector<std::vector<int32_t>> read;
  for (const auto& window : windows) {
    auto& tokens = read.emplace_back(window.context);
    tokens.insert(tokens.end(), window.scored.begin(), window.scored.end() - 1);
  }
  order_.resize(windows.size());
  std::iota(order_.begin(), order_.end(), size_t{0});
  std::ranges::stable_sort(order_, [&](size_t a, size_t b) { return read[a] < read[b]; });
  for (const size_t place : order_)
    sequences_.push_back(std::move(read[place]));
  auto trunk = decoder_.new_cache();
  go_down(plan_prefixes(sequences_), 0, trunk);
  answer();
  return std::move(likelihoods_);
}

// Of sequences that agree up to `from`, which the trunk holds.
void PrefixScorer::go_down(const SharedPrefix& group, int64_t from, nn::KeyValueCache& trunk) {
  if (group.to > from) {
    const auto& tokens = sequences_[group.begin];
    const auto rows = read_into(decoder_, {tokens.begin() + from, tokens.begin() + group.to}, trunk);
    read_ += group.to - from;
    for (int64_t t = 0; t < rows.size(1); ++t)
      trunk_.push_back({names_++, rows[0][t]});
  }
  for (size_t i = group.begin; i < group.end && static_cast<int64_t>(sequences_[i].size()) == group.to; ++i)
    ask(i, {});
  if (group.together) side_by_side(group, trunk);
  for (const auto& branch : group.branches) {
    go_down(branch, group.to, trunk);
    trunk.truncate(group.to);
    trunk_.resize(static_cast<size_t>(group.to));
  }
}

void PrefixScorer::side_by_side(const SharedPrefix& group, nn::KeyValueCache& trunk) {
  size_t next = group.begin;
  while (next < group.end && static_cast<int64_t>(sequences_[next].size()) == group.to)
    ++next;
  while (next < group.end) {
    stop_if_asked();
    int64_t longest = 0;
    size_t end = next;  // as many as go into one call, one at least
    for (; end < group.end; ++end) {
      const auto wanted = std::max<int64_t>(longest, static_cast<int64_t>(sequences_[end].size()) - group.to);
      if (end > next && wanted * static_cast<int64_t>(end - next + 1) > kTokensAtOnce) break;
      longest = wanted;
    }
    const auto count = static_cast<int64_t>(end - next);
    auto ids = at::zeros({count, longest}, tensor::on_cpu(at::kLong));
    auto* values = ids.mutable_data_ptr<int64_t>();
    for (int64_t i = 0; i < count; ++i) {
      const auto& tokens = sequences_[next + static_cast<size_t>(i)];
      std::copy(tokens.begin() + group.to, tokens.end(), values + i * longest);
    }
    auto fork = trunk.fork();
    const auto rows = decoder_.hidden(ids, fork);
    read_ += count * longest;
    for (int64_t i = 0; i < count; ++i) {
      const size_t sorted = next + static_cast<size_t>(i);
      std::vector<Row> own;
      for (int64_t t = 0; t < static_cast<int64_t>(sequences_[sorted].size()) - group.to; ++t)
        own.push_back({names_++, rows[i][t]});
      ask(sorted, own);
    }
    next = end;
  }
}

// Of a sequence whose rows are the trunk's and then its own: each scored token by the row before it.
void PrefixScorer::ask(size_t sorted, const std::vector<Row>& own) {
  const size_t window = order_[sorted];
  const auto& scored = (*windows_)[window].scored;
  const size_t first = (*windows_)[window].context.size() - 1;
  for (size_t i = 0; i < scored.size(); ++i) {
    const size_t row = first + i;
    ask_row(row < trunk_.size() ? trunk_[row] : own[row - trunk_.size()], scored[i], window);
  }
  ++done_;
  report_.progress({"score", done_, static_cast<int64_t>(order_.size()), "", 0, "texts"});
}

void PrefixScorer::ask_row(const Row& row, int32_t token, size_t window) {
  const auto [place, is_new] = place_of_.try_emplace(row.name, rows_.size());
  if (is_new) rows_.push_back(row.values);
  asked_.push_back({place->second, token, window});
  // Those who ask of one row come close behind each other: of choices, their common context.
  if (rows_.size() == kRowsOfLogits && is_new) answer();
}

void PrefixScorer::answer() {
  if (rows_.empty()) return;
  const auto logits = decoder_.logits(at::stack(rows_)).contiguous();  // [rows, V]
  const auto sums = logits.logsumexp(1).to(at::kDouble).contiguous();
  const auto best = logits.argmax(1).contiguous();
  const double* sum = sums.const_data_ptr<double>();
  for (size_t r = 0; r < rows_.size(); ++r) {
    if (!std::isfinite(sum[r]))
      throw DivergenceError("score", "the model's logits are no numbers (their sum is {}).", sum[r]);
  }
  const float* values = logits.const_data_ptr<float>();
  const int64_t words = logits.size(1);
  for (const auto& one : asked_) {
    auto& likelihood = likelihoods_[one.window];
    likelihood.sum += static_cast<double>(values[static_cast<int64_t>(one.row) * words + one.token]) - sum[one.row];
    ++likelihood.tokens;
    likelihood.greedy = likelihood.greedy && best.const_data_ptr<int64_t>()[one.row] == one.token;
  }
  rows_.clear();
  place_of_.clear();
  asked_.clear();
}

}  // namespace graft::pipelines::language
