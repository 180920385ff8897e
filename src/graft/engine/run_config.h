// The options of a run as it used them: what was left to the method's recipe, the model or the data stands with its
// value.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "graft/data/dataset.h"
#include "graft/data/source.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/options.h"

namespace graft::engine {

// Whose content is looked at, not its name.
bool is_place(const std::string& option);

// Options that runs of earlier versions lack: where nobody set them, a run's identity is what it was there.
bool is_absent(const std::string& option, const std::string& value);
bool is_absent_in_studies(const std::string& option, const std::string& value);  // the same of a study's runs
// What a study's runs say of an option that may be left out since.
std::string in_words_of_studies(const std::string& option, const std::string& value);

// What config.yaml holds; read_adapt_request() of it is the same run from any folder.
OptionValues run_config(AdaptOptions options, const OptionValues& method_options, const methods::Recipe& recipe,
                        const AdapterInfo& info, models::HeadInit head_init);

// The options of a config.yaml that may be others when a run goes on: they change no bit.
bool may_change(const std::string& option);

// All that the bits of a run depend on, by its content: where it is kept and how many threads decode is not part of it.
struct RunIdentity {
  struct Photos {
    int64_t count = 0;
    std::string hash;  // of each example's content and target, in their order
    bool operator==(const Photos&) const = default;
  };
  std::string options, model, classes;
  Photos train, val, test;
  std::string teacher = {};  // its content (teacher.h); empty: there is none
  bool operator==(const RunIdentity&) const = default;
  std::string hex() const;  // of all together
};
using Sources = std::function<const data::Source&(data::Split)>;
RunIdentity run_identity(OptionValues config, const models::ModelInfo& model, const data::Dataset& data,
                         const Sources& source_of);

// What runs were known by before contents were: photos by their names. `config` as the run's own config.yaml has it.
std::string identity_by_names(OptionValues config, const std::string& fingerprint, const data::Dataset& data);

}  // namespace graft::engine
