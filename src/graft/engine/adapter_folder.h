// An adapter on disk: PEFT's two files (adapter_config.json, adapter_model.safetensors) and, beside them, the head
// (head.safetensors). The JSON's "graft" object holds what makes a wrong load an error: the base's fingerprint, layout
// and pre-processing, class names, templates, method and its options.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/core/options.h"
#include "graft/methods/adapted.h"
#include "graft/methods/method.h"
#include "graft/models/head.h"
#include "graft/models/model.h"

namespace graft::engine {

// Beside the adapter, what trained along with it and is not asked for answers: DeepLabv3's second classifier, in
// torchvision's names.
inline constexpr const char* kAuxiliaryFile = "auxiliary.safetensors";

struct AdapterInfo {
  std::string base;             // what the user named
  std::string text_model = {};  // likewise, where the texts are another model's
  std::string fingerprint;
  std::string family, layout;
  std::string method;
  OptionValues method_options;  // resolved
  models::HeadKind classifier = models::HeadKind::linear;
  std::string loss;   // that its head was made for; empty: the task's own, or one that a head does not know
  std::string block;  // plug-ins in the network, as --block names them; empty: none
  std::string task = "classification";
  std::vector<std::string> classes;
  int64_t outputs = 0;                 // of a head that is not of classes; 0: one a class
  bool classes_made_up = false;        // the file knows how many there are, and not what they are called
  std::vector<std::string> templates;  // of class prompts
  int64_t shots = 0;
  int64_t train_size = 0;
  int64_t seed = 1;
  int64_t image_size = 0;  // height of the model's input
  int64_t frames = 1;      // of an example: more than one of a clip
  OptionValues told;       // what the user said of the base (models::Told)
  std::string precision;   // that it was trained at
  bool merged = false;     // folded into its base: `base` is the folder itself

  int64_t head_outputs() const { return outputs > 0 ? outputs : static_cast<int64_t>(classes.size()); }
  bool foreign() const {
    return fingerprint.empty();
  }  // written by PEFT: nothing to check the base by, and
     // classes only where it saved a classifier
};

// What a head and a method are told of a model, as the adapter says it.
methods::Setting setting_of(const AdapterInfo& info, std::shared_ptr<models::Model> model);

// The method that the adapter names, put on the model under the head that it names. The same info gives the same start,
// bit for bit. `attached` is told what will train before anything in the model is touched.
methods::Adapted build_adapted(std::shared_ptr<models::Model> model, std::unique_ptr<methods::Method> method,
                               const AdapterInfo& info,
                               const std::function<void(const methods::Adaptation&)>& attached = {});

// Bytes written. Each file is atomic; the JSON comes last, so that a folder with one is complete.
int64_t save_adapter(const std::filesystem::path& folder, const methods::Adapted& adapted, const AdapterInfo& info);

// The head's own file; its name, empty where nothing of a head trains (class prompts).
std::string save_head(const std::filesystem::path& folder, const models::Head& head);

// The "graft" object: what save_adapter() writes into the JSON, and merge into graft.json.
nlohmann::json describe_adapter(const AdapterInfo& info, const models::ModelInfo& model);

// As PEFT writes one that has no classifier: graft reads it as it reads PEFT's.
void save_without_head(const std::filesystem::path& folder, const methods::Adapted& adapted, const std::string& base);

// Of a run folder, a folder with an adapter, or a merged folder, as a user names it (named_adapter.h).
AdapterInfo read_adapter_info(const std::filesystem::path& named);

// Puts the adapter, or its part, or several on one another, on its model, and says what had to be assumed of one that
// PEFT wrote. All that does not fit is one ModelError; another base's fingerprint is one too, unless `force_base`.
methods::Adapted load_adapter(const std::filesystem::path& named, std::shared_ptr<models::Model> model,
                              Reporter& report, bool force_base = false);

}  // namespace graft::engine
