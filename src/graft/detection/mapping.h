// Which class of which set becomes which class of the merged one: a table that people read and mend, one row a class of
// a set. Classes are named, never counted off by position; what a table does not say is not guessed.
//
//   source,source_id,source_name,action,target,relation,together,score,evidence,author,alternatives
//   oid,/m/04yx4,Man,map,person,narrower,yes,0.9,hierarchy: Man is a Person,graft,
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "graft/detection/set.h"

namespace graft::detection {

enum class Action {
  map,        // its boxes become boxes of the target
  drop,       // its boxes are left out
  ambiguous,  // nobody has decided
};
std::vector<std::pair<Action, std::string>> choices(Action);

// Of the source's class to the target.
enum class Relation {
  equal,     // the same things
  narrower,  // each is one of the target's, but the target has others: a man is a person
  broader,   // the target's are among its own: a doll is a toy. It cannot be mapped; dropped, its absence is the
             // target's
};
std::vector<std::pair<Relation, std::string>> choices(Relation);

struct MappingRow {
  std::string source;     // the set's name: "oid"
  std::string source_id;  // as the set calls the class; "" where names tell it
  std::string source_name;
  Action action = Action::ambiguous;
  std::string target;  // "" where it is dropped
  Relation relation = Relation::equal;
  bool together = false;     // of narrower rows: all that say so, of one source and target, are the whole target
  double score = 0;          // of a proposal, 0 to 1
  std::string evidence;      // "name", "synonym 'cellphone'", "rows 0.93": why
  std::string author;        // who decided
  std::string alternatives;  // other targets with their scores, for whoever reviews
  std::size_t line = 0;      // in its file, from 1; 0: not read
};

struct Mapping {
  std::vector<std::string> targets;  // in the order in which they get their ids
  std::vector<MappingRow> rows;
  std::size_t count(Action action) const;
};

// Targets in the order of the comment line "# targets: a | b | c", or, without, of their rows. DataError with every
// line that is amiss: columns that are not known, actions and relations that are none, a mapped row without target, a
// broader one that is mapped, one class twice, a target that the list lacks.
Mapping read_mapping(const std::filesystem::path& path);
void write_mapping(const Mapping& mapping, const std::filesystem::path& path);

// The row of each category of the set that the mapping calls `source`, in the set's order. DataError that lists
// categories without a row, rows of categories that the set lacks, and two categories that one row means.
std::vector<const MappingRow*> rows_of(const Mapping& mapping, const std::string& source, const Set& set);

}  // namespace graft::detection
