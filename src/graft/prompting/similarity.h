// How near an example is to what is asked.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace graft::prompting {

class Similarity {
 public:
  virtual ~Similarity() = default;
  virtual double of(size_t query, size_t example) const = 0;  // larger is nearer
};

// The cosine of embeddings that were computed elsewhere, [queries, width] and [examples, width]. A row of zeros is as
// far from all.
std::unique_ptr<Similarity> by_embeddings(std::span<const float> queries, std::span<const float> examples,
                                          size_t width);

// The cosine of counts of words, each weighted by how few examples have it: ln((1 + n) / (1 + n with it)) + 1, as
// scikit-learn's TfidfVectorizer. Words are runs of letters, digits and '_', in lower case.
std::unique_ptr<Similarity> by_words(std::span<const std::string> queries, std::span<const std::string> examples);

}  // namespace graft::prompting
