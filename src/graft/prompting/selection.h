// Which examples stand before a question, and in which order. They come from the examples' split alone, and a question
// is never among its own examples. A longer list begins with the shorter one of the same draw, so that a curve over
// their number compares like with like; all questions of a draw share one list unless it depends on the question.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graft/prompting/items.h"
#include "graft/prompting/similarity.h"

namespace graft::prompting {

enum class Selection {
  random,
  balanced,  // class by class in turn, so that counts differ by one at most
  nearest,   // by similarity to the question, the nearest last (Liu et al. 2021, arXiv:2101.06804)
  first,     // as they stand in the file
  lm_eval,   // what lm-evaluation-harness draws, other examples for each question: Python's random.sample, seed 1234
};
std::vector<std::pair<Selection, std::string>> choices(Selection);

struct SelectionOptions {
  Selection how = Selection::random;
  int64_t count = 0;
  uint64_t seed = 0;
  int64_t draw = 0;   // which draw of examples
  int64_t order = 0;  // 0: as selected; else another order of the same ones
};

// For each question the places in `pool` of its examples. `labels`: of the pool, for balanced ones. `similarity` is
// asked by nearest alone. ConfigError where there are fewer than are asked for.
std::vector<std::vector<size_t>> select_examples(const Items& pool, std::span<const std::string> labels,
                                                 const Items& questions, const SelectionOptions& options,
                                                 const Similarity* similarity);

// Whether two draws can differ.
bool draws_matter(Selection how);

}  // namespace graft::prompting
