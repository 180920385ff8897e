// How the options of a method are chosen before it is compared: the same number of configurations for every method, the
// default always among them, drawn from ranges that the study names (Bergstra & Bengio 2012), judged on the validation
// split alone and with seeds that no comparison uses.
//
//   search:
//     trials: 8
//     kind: halving                                   default: random
//     space:
//       lr: {low: 1e-4, high: 0.1, scale: log}        of every method that trains
//       lora: {rank: [2, 4, 8]}                       of one method of the study
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/options.h"

namespace graft::study {

enum class SearchKind {
  random,
  halving  // the better third of all goes on to three times the epochs (Jamieson & Talwalkar 2016)
};
std::vector<std::pair<SearchKind, std::string>> choices(SearchKind);

// The values that an option may take: a list of them, or a range.
struct Range {
  std::string option;
  std::vector<std::string> listed = {};
  double low = 0, high = 0;
  bool log = false;    // uniform in the logarithm
  bool whole = false;  // both ends are written as whole numbers
};
std::string print(const Range& range);  // "lr 0.0001 to 0.1 (log)"

struct Search {
  int64_t trials = 0;  // 0: the defaults are taken as they are
  SearchKind kind = SearchKind::random;
  int64_t eta = 3;    // of halving
  int64_t seeds = 1;  // that each configuration is judged on
  std::vector<Range> space = {};
  std::map<std::string, std::vector<Range>> own = {};  // by method of the study
};
template <class Visitor>
void fields(Visitor& visit, Search& s) {
  visit("trials", s.trials, "configurations of each method, its own among them");
  visit("kind", s.kind, "random: all of them in full; halving: the better go on to more epochs");
  visit("eta", s.eta, "halving: one in so many goes on, to so many times the epochs");
  visit("seeds", s.seeds, "seeds that each configuration is judged on");
}

inline constexpr int64_t kFirstSearchSeed = 501;  // no comparison may use them

// Reads what stands under `space`. What is wrong is added to `wrong`, a line each.
void read_space(const OptionValues& values, const std::vector<std::string>& methods, Search& search,
                std::vector<std::string>& wrong);

// The ranges that `method` of the study is searched over; `options` are those that it has.
std::vector<Range> ranges_of(const Search& search, const std::string& method, const std::vector<std::string>& options);

// The options of a configuration, from 1; the first is the method's own. The same for every data set: they are drawn
// from the names of method and option. Three digits are enough for a number.
OptionValues trial_options(const std::vector<Range>& ranges, const std::string& method, int64_t trial);

}  // namespace graft::study
