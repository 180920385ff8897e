#include "graft/engine/class_places.h"

#include "graft/data/dataset.h"
#include "graft/text/text_file.h"

namespace graft::engine {

ClassPlaces::ClassPlaces(const std::vector<std::string>& classes) {
  for (size_t i = 0; i < classes.size(); ++i)
    places_.emplace(classes[i], static_cast<int64_t>(i));
  for (size_t i = 0; i < classes.size(); ++i)
    places_.emplace(data::prompt_name(text::normal_name(classes[i])), static_cast<int64_t>(i));
}

int64_t ClassPlaces::of(const std::string& name) const {
  for (const auto& spelling : {name, data::prompt_name(text::normal_name(name))}) {
    if (const auto found = places_.find(spelling); found != places_.end()) return found->second;
  }
  return -1;
}

}  // namespace graft::engine
