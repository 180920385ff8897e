// Classes by their names as different data sets write them: "american_bulldog" is "american bulldog".
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace graft::engine {

class ClassPlaces {
 public:
  explicit ClassPlaces(const std::vector<std::string>& classes);
  int64_t of(const std::string& name) const;  // from 0; -1 where it is not among them

 private:
  std::unordered_map<std::string, int64_t> places_;
};

}  // namespace graft::engine
