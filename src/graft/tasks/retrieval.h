// Photos and texts that find each other: for each photo the texts by their similarity, for each text the photos.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "graft/tasks/scores.h"

namespace graft::tasks {

// Texts that are the same stand once.
struct DistinctTexts {
  at::Tensor rows;   // [U, E], in the order of their first examples
  at::Tensor which;  // [N] int64, of each example the place of its text
};
DistinctTexts distinct_texts(const at::Tensor& rows);  // [N, E]; gradients reach the rows

// How many wrong ones stand before the first right one, or beside it: ties count against the query. A query is right
// with any text of its photo, or any photo of its text.
struct RetrievalRanks {
  std::vector<int64_t> of_photos;    // among the distinct texts, a number for each distinct photo
  std::vector<int64_t> of_texts;     // among the distinct photos, for each distinct text
  std::vector<int64_t> photo, text;  // of each example its place in these
};
// photos [N, E] and texts [N, E], a pair a row, compared by their inner products; `names` of the photos: rows of one
// name are one photo.
RetrievalRanks retrieval_ranks(const at::Tensor& photos, const at::Tensor& texts,
                               const std::vector<std::string>& names);

// mean_recall (of the six), then recall at 1, 5 and 10 from photos to texts and from texts to photos. Intervals:
// Wilson's of a recall; of their mean by how much it differs among the examples' texts, each with its photos.
Scores score(const RetrievalRanks& ranks, bool intervals);
std::vector<std::string> retrieval_score_names();

}  // namespace graft::tasks
