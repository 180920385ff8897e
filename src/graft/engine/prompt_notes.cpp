#include "graft/engine/prompt_notes.h"

#include <fmt/ranges.h>

#include "graft/models/clip/class_prompts.h"
#include "graft/models/pair_head.h"

namespace graft::engine {
namespace {

constexpr size_t kGroupsNamed = 10;

}  // namespace

void say_of_prompts(const models::Head& head, const std::vector<std::string>& classes, Reporter& report) {
  const auto* prompts = dynamic_cast<const models::ClassPrompts*>(&head);
  if (!prompts) return;
  std::vector<std::string> groups;
  for (const auto& group : prompts->alike()) {
    std::vector<std::string> names;
    for (const auto i : group)
      names.push_back(fmt::format("'{}'", classes[i]));
    groups.push_back(fmt::format("{}", fmt::join(names, " and ")));
  }
  if (!groups.empty()) {
    const size_t more = groups.size() > kGroupsNamed ? groups.size() - kGroupsNamed : 0;
    groups.resize(groups.size() - more);
    report.warn(fmt::format("{}{} have the same prompt: nothing in the text tells these classes apart",
                            fmt::join(groups, ", "), more > 0 ? fmt::format(" and {} more", more) : ""));
  }
  if (const auto cut = prompts->cut(); cut > 0) {
    report.warn(fmt::format("{} class prompt{} cut to the tokens that the model reads (--truncate)", cut,
                            cut == 1 ? " was" : "s were"));
  }
}

void say_of_captions(const models::Head& head, Reporter& report) {
  const auto* pairs = dynamic_cast<const models::PairHead*>(&head);
  if (!pairs) return;
  report.note({pairs->text_trains() ? "the text tower trains: each batch's captions go through it"
                                    : "the text tower is frozen: each caption goes through it once",
               /*numbers=*/false});
}

}  // namespace graft::engine
