// What a LoRA's adapter_config.json says that its tensors do not.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graft/io/json_object.h"
#include "graft/methods/lora/starts.h"
#include "graft/methods/peft_field.h"

namespace graft::methods::lora::peft {

// All that an adapter_config.json of PEFT 0.4 to 0.21 may say.
const PeftFields& fields();

struct Settings {
  int64_t rank = 8;  // where no tensor says it
  double alpha = 8;
  double dropout = 0;
  bool rslora = false;
  bool dora = false;
  Start start = Start::plain;
  std::vector<std::pair<std::string, double>> alphas;  // by PEFT's patterns
  std::vector<std::string> saved;                      // modules that are saved whole
  std::string base_class;                              // "CLIPVisionModel", where it says so
  std::string version;                                 // of the PEFT that wrote it
  std::string file;
};

// ModelError by name for all that would change a number and is not computed here.
Settings read_settings(const io::JsonObject& config);

// alpha of a module, by PEFT's rule: the first pattern that matches the whole name, or its end after a dot.
double alpha_of(const Settings& settings, const std::string& module);

// PEFT up to 0.21.2 adds the update of an nn.MultiheadAttention's out_proj twice.
enum class OutProj { twice, once_perhaps, twice_perhaps };
OutProj out_proj_of(const std::string& version);

}  // namespace graft::methods::lora::peft
