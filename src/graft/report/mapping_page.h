// A mapping of classes to review, as one HTML file: what nobody decided first, then each target with all that is mapped
// to it, then what is dropped.
#pragma once

#include <string>
#include <vector>

namespace graft::report {

struct MappedClass {
  std::string source, name, action, target, relation, evidence, alternatives;
  std::string count;  // of its boxes; empty: not known
  double score = 0;
};

std::string mapping_page(const std::string& subtitle, const std::vector<std::string>& targets,
                         const std::vector<MappedClass>& classes);

}  // namespace graft::report
