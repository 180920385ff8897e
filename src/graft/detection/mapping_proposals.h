// Proposals for a mapping, each with its evidence, for somebody to review: names, WordNet's synsets, LVIS's synonyms, a
// hierarchy of classes, and rows of a text encoder (Radford et al. 2021, arXiv:2103.00020). What names do not settle is
// ambiguous, with its candidates; nothing is chosen on likeness alone.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "graft/detection/mapping.h"
#include "graft/detection/set.h"

namespace graft::detection {

// The classes of a set, with what else is known of them.
struct ClassList {
  std::string source;
  std::vector<Category> categories;
  std::vector<float> rows = {};  // [categories, width], of a text encoder; empty: none
};

struct ProposalOptions {
  std::vector<Category> thesaurus;  // classes with synonyms and synsets (LVIS's), beside those of the lists themselves
  std::vector<std::pair<std::string, std::string>> parents;  // name of a class, name of one that holds all of it
  double rows_from = 0.9;                                    // cosine from which rows propose a candidate
  std::size_t candidates = 5;
};

// To the targets, in their order. A class of the same name, plural, synset or synonym as one target alone is mapped to
// it; one below such a class in the hierarchy is mapped as narrower; any other is ambiguous, or dropped where nothing
// is near.
Mapping propose_mapping(std::span<const ClassList> lists, const std::vector<Category>& targets,
                        const ProposalOptions& options);

// To the union: the first list's classes are targets, and each further class that names settle to none of them is one
// more. A class below a target of an earlier list in the hierarchy is no target of its own.
Mapping propose_union(std::span<const ClassList> lists, const ProposalOptions& options);

}  // namespace graft::detection
