#include "graft/pipelines/merged_description.h"

#include <cmath>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/models/preprocessing.h"
#include "graft/pipelines/written_configs.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr uintmax_t kLargestText = uintmax_t{64} << 20;  // a tokenizer's JSON has some 20 MB; weights have more

bool is_description(const fs::path& file) {
  const auto name = file.filename().string();
  if (name.ends_with(".index.json") || name == "adapter_config.json" || name == "graft.json") return false;
  for (const char* beginning : {"LICENSE", "LICENCE", "NOTICE", "README", "COPYING"})
    if (name.starts_with(beginning)) return true;
  const auto ending = file.extension().string();
  for (const char* text : {".json", ".txt", ".md", ".model", ".jinja", ".yaml", ".yml", ".vocab"})
    if (ending == text) return true;
  return false;
}

void write_json(const json& value, const fs::path& file) {
  write_file_atomically(file, value.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

json side_or_sides(data::Size size) {
  return size.height == size.width ? json(size.height) : json{size.height, size.width};
}

// transformers' {"size": ..., "crop_size": ...} in the form that the file has it.
void resize_processor(json& processor, const data::Preprocessing& p) {
  if (p.resize_mode == data::ResizeMode::shortest) {
    processor["size"] = {{"shortest_edge", p.resize.height}};
  } else {
    processor["size"] = {{"height", p.resize.height}, {"width", p.resize.width}};
  }
  if (p.crop) processor["crop_size"] = {{"height", p.crop->height}, {"width", p.crop->width}};
}

void resize_timm(json& config, data::Size size, bool positions) {
  const bool nested = config.contains("pretrained_cfg") && config["pretrained_cfg"].is_object();
  json& pretrained = nested ? config["pretrained_cfg"] : config;
  pretrained["input_size"] = {3, size.height, size.width};
  for (const char* other : {"test_input_size", "test_crop_pct", "pool_size"})
    pretrained.erase(other);
  if (!positions) return;
  if (!config["model_args"].is_object()) config["model_args"] = json::object();
  config["model_args"]["img_size"] = {size.height, size.width};
}

// A description of the base at another image size; false for a file that says nothing of it.
bool resize_config(const std::string& name, json& config, const models::ModelInfo& info, Library library) {
  const auto size = info.preprocessing.output();
  if (name == "config.json" && library == Library::timm) {
    resize_timm(config, size, info.family == "vit");
  } else if (name == "config.json") {
    bool inner = false;
    for (const char* tower : {"vision_config", "vision_config_dict"}) {
      if (!config.contains(tower) || !config[tower].is_object()) continue;
      config[tower]["image_size"] = side_or_sides(size);
      inner = true;
    }
    if (!inner) config["image_size"] = side_or_sides(size);
  } else if (name == "open_clip_config.json") {
    json& towers = config.contains("model_cfg") ? config["model_cfg"] : config;
    towers["vision_cfg"]["image_size"] = side_or_sides(size);
    if (config.contains("preprocess_cfg") && config["preprocess_cfg"].is_object()) {
      config["preprocess_cfg"]["size"] = side_or_sides(size);
    }
  } else if (name == "preprocessor_config.json") {
    resize_processor(config, info.preprocessing);
  } else if (name == "processor_config.json" && config.contains("image_processor")) {
    resize_processor(config["image_processor"], info.preprocessing);
  } else {
    return false;
  }
  return true;
}

void describe_head(json& config, const HeadDescription& head, Library library) {
  const auto classes = head.classes.size();
  if (library == Library::timm) {
    config["num_classes"] = classes;
    config["label_names"] = head.classes;
    config.erase("label_descriptions");
    if (config.contains("model_args") && config["model_args"].is_object()) config["model_args"].erase("num_classes");
    if (config.contains("pretrained_cfg") && config["pretrained_cfg"].is_object()) {
      json& pretrained = config["pretrained_cfg"];
      pretrained["num_classes"] = classes;
      for (const char* stale : {"label_names", "label_descriptions", "label_offset"})
        pretrained.erase(stale);
    }
    return;
  }
  config["architectures"] = nlohmann::json::array({head.architecture});
  config["id2label"] = json::object();
  config["label2id"] = json::object();
  for (size_t i = 0; i < classes; ++i) {
    config["id2label"][std::to_string(i)] = head.classes[i];
    config["label2id"][head.classes[i]] = i;
  }
  config.erase("num_labels");
}

// Families whose lone files are read by their tensors and habits; what is said beside that has no place to lie.
bool is_known_by_tensors(const models::ModelInfo& info) {
  return info.family == "resnet" || info.family == "deeplab" || info.family == "resnet3d" ||
         info.family == "timesformer";
}

// What the user said of the photos beside a description that is silent.
bool photos_were_told(const io::ModelFolder& base, const models::ModelInfo& info) {
  if (base.preprocessor_config || !base.open_clip_config || base.open_clip_config->has("preprocess_cfg")) return false;
  const auto &used = info.preprocessing, usual = models::clip_preprocessing(used.output().height);
  return used.mean != usual.mean || used.std != usual.std || used.interpolation != usual.interpolation;
}

// A base whose photos a processor's file describes keeps that.
void leave_photos_to_the_processor(std::map<std::string, json>& written) {
  written.erase("preprocessor_config.json");
  if (const auto file = written.find("open_clip_config.json"); file != written.end()) {
    file->second.erase("preprocess_cfg");
  }
}

// Of a folder of sentence-transformers what lies outside the model: the list of modules, the model now in the folder
// itself, and their settings.
std::vector<std::string> copy_modules(const io::ModelFolder& base, const fs::path& folder) {
  if (base.modules.empty()) return {};
  std::vector<std::string> names;
  json modules = json::array();
  for (size_t i = 0; i < base.modules.size(); ++i) {
    json module = base.modules[i].value();
    const auto path = base.modules[i].get("path", std::string());
    if (i == 0) {
      module["path"] = "";
    } else if (fs::exists(base.path / path / "config.json")) {
      fs::create_directories(folder / path);
      fs::copy_file(base.path / path / "config.json", folder / path / "config.json",
                    fs::copy_options::overwrite_existing);
      names.push_back((fs::path(path) / "config.json").string());
    }
    modules.push_back(std::move(module));
  }
  write_json(modules, folder / "modules.json");
  const auto settings = base.path / "config_sentence_transformers.json";
  if (base.inside != base.path && fs::exists(settings)) {
    fs::copy_file(settings, folder / settings.filename(), fs::copy_options::overwrite_existing);
    names.push_back(settings.filename().string());
  }
  if (base.inside != base.path) names.emplace_back("modules.json");
  return names;
}

}  // namespace

Library library_of(const models::ModelInfo& info) {
  if (info.layout == "hf") return Library::transformers;
  return info.family == "clip" ? Library::open_clip : Library::timm;
}

bool is_resized(const models::ModelInfo& info) {
  const auto input = info.preprocessing.output();
  return input.height != info.own_size.height || input.width != info.own_size.width;
}

bool needs_description(const io::ModelFolder& base, const models::ModelInfo& info) {
  if (is_known_by_tensors(info)) return false;
  if (info.layout == "dino" || info.layout == "dinov2") return is_resized(info);
  return library_of(info) == Library::open_clip ? !base.open_clip_config : !base.config;
}

std::vector<std::string> write_descriptions(const io::ModelFolder& base, const io::Weights& weights,
                                            models::Model& model, const HeadDescription& head, const fs::path& folder) {
  const auto& info = model.info();
  const auto library = library_of(info);
  std::map<std::string, json> written;  // by name, those that are not copies
  std::vector<std::string> names;
  if (needs_description(base, info)) {
    written = new_configs(model, weights, library);
    if (base.preprocessor_config) leave_photos_to_the_processor(written);
  }
  if (!base.inside.empty()) {
    for (const auto& entry : fs::directory_iterator(base.inside)) {
      const auto& path = entry.path();
      const auto name = path.filename().string();
      std::error_code gone;
      if (!entry.is_regular_file(gone) || !is_description(path) || written.contains(name)) continue;
      if (fs::file_size(path, gone) > kLargestText) continue;
      if (path.extension() == ".json") {
        const bool described = name == "config.json" && !head.classes.empty();
        const bool told = name == "open_clip_config.json" && photos_were_told(base, info);
        if (const auto file = is_resized(info) || described || told ? io::JsonObject::read(path) : std::nullopt) {
          json config = file->value();
          const bool resized = is_resized(info) && resize_config(name, config, info, library);
          if (told) config["preprocess_cfg"] = new_preprocess_cfg(info.preprocessing);
          if (resized || told || described) {
            written[name] = std::move(config);
            continue;
          }
        }
      }
      fs::copy_file(path, folder / name, fs::copy_options::overwrite_existing);
      names.push_back(name);
    }
  }
  for (const auto& name : copy_modules(base, folder))
    names.push_back(name);
  const bool processed = base.preprocessor_config || written.contains("preprocessor_config.json");
  if (library == Library::transformers && !processed && model.tower(nn::Tower::vision)) {
    written["preprocessor_config.json"] = new_processor(info.preprocessing);
  }
  if (!head.classes.empty() && written.contains("config.json")) describe_head(written["config.json"], head, library);
  for (const auto& [name, config] : written) {
    write_json(config, folder / name);
    names.push_back(name);
  }
  return names;
}

}  // namespace graft::pipelines
