// Which methods the demo can run on its model, and where it leaves a paper's recipe. A method needs no line here.
#pragma once

#include <string>
#include <vector>

#include "graft/core/options.h"
#include "graft/methods/entry.h"
#include "graft/methods/setting.h"

namespace graft::cli {

struct DemoMethods {
  std::vector<const methods::Entry*> run;
  std::vector<std::string> left_out;  // made for another kind of model
};
DemoMethods demo_methods(const std::vector<const methods::Entry*>& entries, models::Model& model);

// What differs from the recipe, as `graft adapt` takes it. Of a method that has no setting of its own here: no more
// epochs and no stronger changes of photos than the others have.
OptionValues demo_setting(const methods::Entry& entry, const methods::Setting& setting);
std::string describe_settings(const std::vector<const methods::Entry*>& entries,
                              const methods::Setting& setting);  // a sentence

}  // namespace graft::cli
