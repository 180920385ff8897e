#include "graft/tasks/retrieval.h"

#include <torch/types.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "graft/core/error.h"
#include "graft/tensor/on_cpu.h"

namespace graft::tasks {
namespace {

constexpr std::array<int64_t, 3> kAt = {1, 5, 10};
constexpr int64_t kQueriesTogether = 256;

// Of each query [Q, E] how many wrong items [M, E] are at least as similar as the best right one. `right`: the places
// of each query's right items.
std::vector<int64_t> ranks_of(const at::Tensor& queries, const at::Tensor& items,
                              const std::vector<std::vector<int64_t>>& right) {
  std::vector<int64_t> ranks;
  const auto columns = items.to(at::kDouble).t();
  for (int64_t begin = 0; begin < queries.size(0); begin += kQueriesTogether) {
    const auto count = std::min(kQueriesTogether, queries.size(0) - begin);
    // Of what is the same the last bits of a sum may differ: as float32 they do not.
    const auto all = queries.narrow(0, begin, count).to(at::kDouble).matmul(columns).to(at::kFloat).contiguous();
    for (int64_t i = 0; i < count; ++i) {
      const float* similar = all[i].const_data_ptr<float>();
      const auto& own = right[static_cast<size_t>(begin + i)];
      float best = similar[own.front()];
      for (const auto place : own)
        best = std::max(best, similar[place]);
      int64_t before = std::count_if(similar, similar + items.size(0), [&](float one) { return !(one < best); });
      for (const auto place : own)
        before -= similar[place] < best ? 0 : 1;
      ranks.push_back(before);
    }
  }
  return ranks;
}

int64_t found_at(const std::vector<int64_t>& ranks, int64_t k) {
  return std::count_if(ranks.begin(), ranks.end(), [&](int64_t rank) { return rank < k; });
}

// The mean of a query's three recalls.
double mean_found(int64_t rank) {
  double sum = 0;
  for (const auto k : kAt)
    sum += rank < k ? 1 : 0;
  return sum / static_cast<double>(kAt.size());
}

double mean_over(const std::vector<int64_t>& ranks) {
  double sum = 0;
  for (const auto rank : ranks)
    sum += mean_found(rank);
  return sum / static_cast<double>(ranks.size());
}

// Texts are drawn, each with the photos whose first text it is: the mean of two means, linearised.
Interval interval_of_mean(const RetrievalRanks& ranks) {
  const auto photos = static_cast<double>(ranks.of_photos.size()), texts = static_cast<double>(ranks.of_texts.size());
  const double of_photos = mean_over(ranks.of_photos), of_texts = mean_over(ranks.of_texts);
  std::vector<double> influence;
  for (const auto rank : ranks.of_texts)
    influence.push_back((mean_found(rank) - of_texts) / texts / 2);
  std::vector<bool> seen(ranks.of_photos.size(), false);
  for (size_t i = 0; i < ranks.photo.size(); ++i) {
    const auto photo = static_cast<size_t>(ranks.photo[i]);
    if (seen[photo]) continue;
    seen[photo] = true;
    influence[static_cast<size_t>(ranks.text[i])] += (mean_found(ranks.of_photos[photo]) - of_photos) / photos / 2;
  }
  double squares = 0;
  for (const double one : influence)
    squares += one * one;
  const double half = kNormal975 * std::sqrt(squares * texts / (texts - 1)), mean = (of_photos + of_texts) / 2;
  return {std::max(0.0, mean - half), std::min(1.0, mean + half)};
}

}  // namespace

DistinctTexts distinct_texts(const at::Tensor& rows) {
  const auto plain = rows.detach().contiguous();
  const auto width = static_cast<size_t>(plain.size(1)) * plain.element_size();
  const auto* bytes = static_cast<const char*>(plain.const_data_ptr());
  std::map<std::string_view, int64_t> places;
  std::vector<int64_t> firsts, which;
  for (int64_t i = 0; i < plain.size(0); ++i) {
    const auto [found, is_new] = places.try_emplace(std::string_view(bytes + static_cast<size_t>(i) * width, width),
                                                    static_cast<int64_t>(firsts.size()));
    if (is_new) firsts.push_back(i);
    which.push_back(found->second);
  }
  return {rows.index_select(0, torch::tensor(firsts, tensor::on_cpu(at::kLong))),
          torch::tensor(which, tensor::on_cpu(at::kLong))};
}

RetrievalRanks retrieval_ranks(const at::Tensor& photos, const at::Tensor& texts,
                               const std::vector<std::string>& names) {
  GRAFT_ASSERT(photos.size(0) == texts.size(0) && photos.size(0) == static_cast<int64_t>(names.size()));
  RetrievalRanks ranks;
  if (names.empty()) return ranks;
  const auto distinct = distinct_texts(texts);
  std::map<std::string_view, int64_t> places;
  std::vector<int64_t> firsts;
  std::vector<std::vector<int64_t>> texts_of, photos_of(static_cast<size_t>(distinct.rows.size(0)));
  for (size_t i = 0; i < names.size(); ++i) {
    const auto [found, is_new] = places.try_emplace(names[i], static_cast<int64_t>(firsts.size()));
    if (is_new) {
      firsts.push_back(static_cast<int64_t>(i));
      texts_of.emplace_back();
    }
    ranks.photo.push_back(found->second);
    ranks.text.push_back(distinct.which[static_cast<int64_t>(i)].item<int64_t>());
    auto& of_photo = texts_of[static_cast<size_t>(ranks.photo.back())];
    if (std::find(of_photo.begin(), of_photo.end(), ranks.text.back()) != of_photo.end()) continue;
    of_photo.push_back(ranks.text.back());
    photos_of[static_cast<size_t>(ranks.text.back())].push_back(ranks.photo.back());
  }
  const auto rows = photos.index_select(0, torch::tensor(firsts, tensor::on_cpu(at::kLong)));
  ranks.of_photos = ranks_of(rows, distinct.rows, texts_of);
  ranks.of_texts = ranks_of(distinct.rows, rows, photos_of);
  return ranks;
}

Scores score(const RetrievalRanks& ranks, bool intervals) {
  Scores scores{.count = static_cast<int64_t>(ranks.photo.size())};
  const auto names = retrieval_score_names();
  if (scores.count == 0) {
    for (const auto& name : names)
      scores.all.push_back({.name = name, .value = std::nan("")});
    return scores;
  }
  scores.all.push_back({.name = names.front(), .value = (mean_over(ranks.of_photos) + mean_over(ranks.of_texts)) / 2});
  if (intervals && ranks.of_texts.size() > 1) scores.all.front().interval = interval_of_mean(ranks);
  for (const auto* of : {&ranks.of_photos, &ranks.of_texts}) {
    const auto count = static_cast<int64_t>(of->size());
    for (const auto k : kAt) {
      const auto found = found_at(*of, k);
      scores.all.push_back(
          {.name = names[scores.all.size()], .value = static_cast<double>(found) / static_cast<double>(count)});
      if (intervals) scores.all.back().interval = wilson_interval(found, count);
    }
  }
  return scores;
}

std::vector<std::string> retrieval_score_names() {
  std::vector<std::string> names = {"mean_recall"};
  for (const char* way : {"image_to_text", "text_to_image"}) {
    for (const auto k : kAt)
      names.push_back(fmt::format("{}_r{}", way, k));
  }
  return names;
}

}  // namespace graft::tasks
