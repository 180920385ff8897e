#include "graft/detection/mapping_proposals.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>

#include "graft/core/error.h"
#include "graft/detection/class_names.h"

namespace graft::detection {
namespace {

struct Candidate {
  std::size_t target = 0;
  double score = 0;
  Relation relation = Relation::equal;
  bool settles = false;  // by names, not by likeness
  std::string evidence;
};

// The evidence of names, from the surest.
constexpr double kName = 1, kSynset = 0.98, kPlural = 0.97, kSynonym = 0.95, kHierarchy = 0.9, kBase = 0.75,
                 kPart = 0.7, kHead = 0.5;

std::string without_blanks(std::string text) {
  std::erase(text, ' ');
  return text;
}

// What is told of classes by those who know synonyms: each entry is one thing with its names.
class Thesaurus {
 public:
  void add(const Category& category) {
    if (category.synonyms.empty() && category.synset.empty()) return;
    const std::size_t entry = titles_.size();
    titles_.push_back(category.name);
    synsets_.push_back(category.synset);
    by_title_[key_of(category.name)].insert(entry);
    for (const auto& synonym : category.synonyms)
      by_synonym_[key_of(synonym)].insert(entry);
  }
  // The entries that are called so, or, where none is, those that have it as a synonym.
  std::set<std::size_t> find(const std::string& name) const {
    for (const auto* names : {&by_title_, &by_synonym_})
      if (const auto found = names->find(key_of(name)); found != names->end()) return found->second;
    return {};
  }
  const std::string& title(std::size_t entry) const { return titles_[entry]; }
  const std::string& synset(std::size_t entry) const { return synsets_[entry]; }

  // Whole, in the singular, without blanks: "Wine Glasses" and "wineglass" are one.
  static std::string key_of(const std::string& name) {
    const auto forms = name_forms(name);
    return without_blanks(forms.singular + forms.qualifier);
  }

 private:
  std::unordered_map<std::string, std::set<std::size_t>> by_title_, by_synonym_;
  std::vector<std::string> titles_, synsets_;
};

// All that the targets are called.
class Targets {
 public:
  Targets(std::span<const ClassList> lists, const ProposalOptions& options) {
    for (const Category& one : options.thesaurus)
      thesaurus_.add(one);
    for (const ClassList& list : lists)
      for (const Category& one : list.categories)
        thesaurus_.add(one);
  }

  const std::string& name(std::size_t target) const { return names_[target]; }

  void add(const Category& category) {
    const std::size_t place = names_.size();
    names_.push_back(category.name);
    const auto forms = name_forms(category.name);
    by_name_[without_blanks(forms.whole())].insert(place);
    by_singular_[without_blanks(forms.singular + forms.qualifier)].insert(place);
    if (!forms.qualifier.empty()) by_base_[without_blanks(forms.singular)].insert(place);
    for (const auto& part : forms.parts)
      by_part_[without_blanks(part)].insert(place);
    for (const std::size_t entry : thesaurus_.find(category.name)) {
      by_title_[thesaurus_.title(entry)].insert(place);
      if (!thesaurus_.synset(entry).empty()) by_synset_[thesaurus_.synset(entry)].insert(place);
    }
    if (!category.synset.empty()) by_synset_[category.synset].insert(place);
  }

  // Of every kind, each target with its surest.
  std::vector<Candidate> find(const Category& category) const {
    std::map<std::size_t, Candidate> found;
    const auto offer = [&](const Places& places, const std::string& key, Candidate candidate) {
      const auto entry = places.find(key);
      if (entry == places.end()) return;
      for (const std::size_t target : entry->second) {
        candidate.target = target;
        auto [place, is_new] = found.try_emplace(target, candidate);
        if (!is_new && place->second.score < candidate.score) place->second = candidate;
      }
    };
    const auto forms = name_forms(category.name);
    const auto singular = without_blanks(forms.singular + forms.qualifier);
    offer(by_name_, without_blanks(forms.whole()), {0, kName, Relation::equal, true, "name"});
    offer(by_singular_, singular, {0, kPlural, Relation::equal, true, "name in singular"});
    if (!category.synset.empty())
      offer(by_synset_, category.synset, {0, kSynset, Relation::equal, true, "synset " + category.synset});
    for (const std::size_t entry : thesaurus_.find(category.name))
      offer(by_title_, thesaurus_.title(entry),
            {0, kSynonym, Relation::equal, true, fmt::format("synonym, of '{}'", thesaurus_.title(entry))});
    // From here on likeness: one name is a part of the other.
    offer(by_base_, without_blanks(forms.singular), {0, kBase, Relation::equal, false, "name without its parentheses"});
    if (!forms.qualifier.empty())
      offer(by_singular_, without_blanks(forms.singular),
            {0, kBase, Relation::equal, false, "name without its parentheses"});
    for (const auto& part : forms.parts)
      offer(by_singular_, without_blanks(part), {0, kPart, Relation::broader, false, fmt::format("part '{}'", part)});
    offer(by_part_, singular, {0, kPart, Relation::narrower, false, "one of its parts"});
    if (!forms.head.empty())
      offer(by_singular_, without_blanks(forms.head),
            {0, kHead, Relation::narrower, false, fmt::format("last word '{}'", forms.head)});
    std::vector<Candidate> candidates;
    for (auto& [target, candidate] : found)
      candidates.push_back(std::move(candidate));
    return candidates;
  }

 private:
  using Places = std::unordered_map<std::string, std::set<std::size_t>>;

  Thesaurus thesaurus_;
  std::vector<std::string> names_;
  Places by_name_, by_singular_, by_base_, by_part_, by_synset_, by_title_;
};

// The surest first; of equal ones that of the earlier target.
void sort(std::vector<Candidate>& candidates) {
  std::ranges::stable_sort(candidates, [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score > b.score : a.target < b.target;
  });
}

// The one target that names settle, unless two are as sure.
std::optional<Candidate> settled(const std::vector<Candidate>& sorted) {
  if (sorted.empty() || !sorted.front().settles) return std::nullopt;
  if (sorted.size() > 1 && sorted[1].settles && sorted[1].score == sorted[0].score) return std::nullopt;
  // A name decides against synonyms; synonyms of two targets decide nothing.
  if (sorted.size() > 1 && sorted[1].settles && sorted[0].score < kPlural) return std::nullopt;
  return sorted.front();
}

std::vector<std::string> ancestors_of(const std::string& name, const std::multimap<std::string, std::string>& parents) {
  std::vector<std::string> found;
  std::set<std::string> seen = {name};
  std::vector<std::string> level = {name};
  while (!level.empty()) {
    std::vector<std::string> above;
    for (const auto& one : level) {
      const auto [begin, end] = parents.equal_range(one);
      for (auto at = begin; at != end; ++at)
        if (seen.insert(at->second).second) above.push_back(at->second);
    }
    found.insert(found.end(), above.begin(), above.end());
    level = std::move(above);
  }
  return found;
}

// Two classes of one list are two things. Where several settle on one target, the one that has its very name keeps it;
// the others, which a synonym led there ("man" to person), are perhaps narrower, and nobody has decided.
void keep_one_each(std::vector<std::vector<Candidate>>& of_list) {
  std::map<std::size_t, std::vector<std::size_t>> classes_of;  // target -> classes that settle on it as equal
  for (std::size_t k = 0; k < of_list.size(); ++k) {
    if (const auto one = settled(of_list[k]); one && one->relation == Relation::equal)
      classes_of[one->target].push_back(k);
  }
  for (const auto& [target, classes] : classes_of) {
    if (classes.size() < 2) continue;
    double best = 0;
    std::size_t as_good = 0;
    for (const std::size_t k : classes) {
      const double score = of_list[k].front().score;
      as_good = score > best ? 1 : as_good + (score == best ? 1 : 0);
      best = std::max(best, score);
    }
    for (const std::size_t k : classes) {
      Candidate& candidate = of_list[k].front();
      if (candidate.score == best && as_good == 1 && best >= kPlural) continue;
      candidate.settles = false;
      if (candidate.score < kPlural) candidate.relation = Relation::narrower;
      candidate.evidence += "; another class of the set is it too";
    }
  }
}

std::string told(const std::vector<Candidate>& candidates, std::size_t from, std::size_t most, const Targets& targets) {
  std::string text;
  for (std::size_t k = from; k < std::min(candidates.size(), from + most); ++k)
    text += fmt::format("{}{} {:.2f} ({})", text.empty() ? "" : "; ", targets.name(candidates[k].target),
                        candidates[k].score, candidates[k].evidence);
  return text;
}

std::vector<float> unit_rows(const ClassList& list) {
  if (list.rows.empty()) return {};
  if (list.categories.empty() || list.rows.size() % list.categories.size() != 0)
    throw DataError("mapping", "the rows of {} are {} numbers for {} classes.", list.source, list.rows.size(),
                    list.categories.size());
  const std::size_t width = list.rows.size() / list.categories.size();
  std::vector<float> rows = list.rows;
  for (std::size_t k = 0; k < list.categories.size(); ++k) {
    double sum = 0;
    for (std::size_t j = 0; j < width; ++j)
      sum += double{rows[k * width + j]} * rows[k * width + j];
    const double norm = std::sqrt(sum);
    if (!(norm > 0) || !std::isfinite(norm))
      throw DataError("mapping", "row {} of {} has length {}.", k, list.source, norm);
    for (std::size_t j = 0; j < width; ++j)
      rows[k * width + j] = static_cast<float>(rows[k * width + j] / norm);
  }
  return rows;
}

// Rows that stand for a target: of the classes that names settle to it.
struct TargetRow {
  std::size_t target;
  std::span<const float> row;
  std::string of;
};

void add_rows(std::vector<Candidate>& candidates, std::span<const float> row, const std::vector<TargetRow>& rows,
              double from) {
  std::map<std::size_t, std::pair<double, const TargetRow*>> best;
  for (const TargetRow& one : rows) {
    if (one.row.size() != row.size()) continue;
    double product = 0;
    for (std::size_t j = 0; j < row.size(); ++j)
      product += double{row[j]} * one.row[j];
    auto& held = best[one.target];
    if (held.second == nullptr || product > held.first) held = {product, &one};
  }
  for (const auto& [target, near] : best) {
    if (near.first < from) continue;
    Candidate candidate{target, 0.9 * near.first, Relation::equal, false,
                        fmt::format("rows {:.2f} of {}", near.first, near.second->of)};
    const auto held = std::ranges::find(candidates, target, &Candidate::target);
    if (held == candidates.end())
      candidates.push_back(std::move(candidate));
    else if (!held->settles)
      held->evidence += ", " + candidate.evidence;
  }
}

MappingRow row_of(const ClassList& list, const Category& category, const std::vector<Candidate>& sorted,
                  const Targets& targets, std::size_t most) {
  MappingRow row;
  row.source = list.source;
  row.source_id = fmt::format("{}", category.id);
  row.source_name = category.name;
  row.author = "graft";
  if (sorted.empty()) {
    row.action = Action::drop;
    row.evidence = "nothing near";
    return row;
  }
  const auto one = settled(sorted);
  const Candidate& best = one ? *one : sorted.front();
  row.action = one ? Action::map : Action::ambiguous;
  row.target = targets.name(best.target);
  row.relation = best.relation;
  row.score = best.score;
  row.evidence = best.evidence;
  row.alternatives = told(sorted, 1, most, targets);
  return row;
}

std::multimap<std::string, std::string> parents_by_name(const ProposalOptions& options) {
  std::multimap<std::string, std::string> parents;
  for (const auto& [child, parent] : options.parents)
    parents.emplace(name_forms(child).whole(), name_forms(parent).whole());
  return parents;
}

// Above it in the hierarchy, the nearest that names settle.
void add_ancestor(std::vector<Candidate>& candidates, const Category& category, const Targets& targets,
                  const std::multimap<std::string, std::string>& parents) {
  if (std::ranges::any_of(candidates, &Candidate::settles)) return;
  for (const auto& above : ancestors_of(name_forms(category.name).whole(), parents)) {
    Category parent;
    parent.name = above;
    auto found = targets.find(parent);
    sort(found);
    if (const auto one = settled(found)) {
      std::erase_if(candidates, [&](const Candidate& other) { return other.target == one->target; });
      candidates.push_back({one->target, kHierarchy, Relation::narrower, true,
                            fmt::format("hierarchy: {} is below {}", category.name, above)});
      return;
    }
  }
}

}  // namespace

Mapping propose_mapping(std::span<const ClassList> lists, const std::vector<Category>& targets,
                        const ProposalOptions& options) {
  Targets known(lists, options);
  for (const Category& target : targets)
    known.add(target);
  const auto parents = parents_by_name(options);

  std::vector<std::vector<std::vector<Candidate>>> found(lists.size());
  std::vector<std::vector<float>> rows(lists.size());
  std::vector<TargetRow> target_rows;
  for (std::size_t l = 0; l < lists.size(); ++l) {
    rows[l] = unit_rows(lists[l]);
    const auto& categories = lists[l].categories;
    const std::size_t width = categories.empty() ? 0 : rows[l].size() / categories.size();
    for (std::size_t k = 0; k < categories.size(); ++k) {
      found[l].push_back(known.find(categories[k]));
      add_ancestor(found[l].back(), categories[k], known, parents);
      sort(found[l].back());
    }
    keep_one_each(found[l]);
    for (std::size_t k = 0; k < categories.size(); ++k) {
      if (const auto one = settled(found[l][k]); one && width > 0 && one->relation == Relation::equal)
        target_rows.push_back({one->target, std::span(rows[l]).subspan(k * width, width),
                               fmt::format("{}'s {}", lists[l].source, categories[k].name)});
    }
  }

  Mapping mapping;
  for (const Category& target : targets)
    mapping.targets.push_back(target.name);
  for (std::size_t l = 0; l < lists.size(); ++l) {
    const auto& categories = lists[l].categories;
    const std::size_t width = categories.empty() ? 0 : rows[l].size() / categories.size();
    for (std::size_t k = 0; k < categories.size(); ++k) {
      auto& candidates = found[l][k];
      if (width > 0) add_rows(candidates, std::span(rows[l]).subspan(k * width, width), target_rows, options.rows_from);
      sort(candidates);
      mapping.rows.push_back(row_of(lists[l], categories[k], candidates, known, options.candidates));
    }
  }
  return mapping;
}

Mapping propose_union(std::span<const ClassList> lists, const ProposalOptions& options) {
  Targets known(lists, options);
  const auto parents = parents_by_name(options);
  std::vector<Category> targets;
  std::set<std::string> names;
  for (const ClassList& list : lists) {
    std::vector<const Category*> more;
    for (const Category& category : list.categories) {
      auto candidates = known.find(category);
      add_ancestor(candidates, category, known, parents);
      sort(candidates);
      if (!settled(candidates)) more.push_back(&category);
    }
    for (const Category* category : more) {  // after all of the list were asked: its own classes stay apart
      Category target = *category;
      for (int k = 2; !names.insert(target.name).second; ++k)
        target.name = fmt::format("{} ({} {})", category->name, list.source, k);
      targets.push_back(target);
      known.add(target);
    }
  }
  return propose_mapping(lists, targets, options);
}

}  // namespace graft::detection
