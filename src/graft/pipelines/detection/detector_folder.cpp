#include "graft/pipelines/detection/detector_folder.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/io/json_object.h"
#include "graft/methods/disk.h"
#include "graft/methods/entry.h"
#include "graft/nn/tensor_file.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr const char *kWeights = "model.safetensors", *kInserts = "inserts.safetensors",
                     *kDescription = "detector.json";
constexpr int kFormat = 1;

DetectorInfo read_description(const fs::path& file) {
  const auto json = io::JsonObject::read(file);
  try {
    const auto& all = json->value();
    if (all.at("format").get<int>() != kFormat) {
      throw ModelError("detect", "{}: written by a newer graft (format {}, and this one reads {}).", file.string(),
                       all.at("format").dump(), kFormat);
    }
    DetectorInfo info;
    for (const auto& each : all.at("classes"))
      info.classes.push_back({each.at("id").get<int64_t>(), each.at("name").get<std::string>()});
    info.side = all.at("side").get<int64_t>();
    info.method = all.at("method").get<std::string>();
    info.method_options = all.at("method_options").get<OptionValues>();
    info.seed = all.at("seed").get<uint64_t>();
    return info;
  } catch (const nlohmann::json::exception& error) {
    throw ModelError("detect", "{}: it does not say what a detector's folder says: {}", file.string(), error.what());
  }
}

}  // namespace

methods::Adapted adapt_detector(const models::fcos::Detector& detector, const DetectorInfo& info, int64_t train_size) {
  auto method = methods::make_method(info.method, info.method_options);
  // As a mask does, the boxes tell a class for each place of maps.
  methods::Setting setting{.model = detector.network(), .train_size = train_size, .target = data::Target::mask};
  for (const auto& each : info.classes)
    setting.classes.push_back(each.name);
  const auto wish = method->head(setting);
  if (wish.make || wish.kind == models::HeadKind::prompts) {
    throw ConfigError("detect",
                      "--method {}: brings a head that reads one row of features, and a detector's reads maps.",
                      info.method);
  }
  methods::BuildOptions options{.seed = info.seed};
  options.make_head = [&](const auto&, const auto&, auto&) { return detector.head(); };
  options.attached = [&](const methods::Adaptation& adaptation) {
    for (const auto& binding : adaptation.bindings) {
      for (const auto& site : binding.sites) {
        if (site == "head")
          throw ConfigError("detect", "--method {}: stands before a head that reads one row of features.", info.method);
      }
    }
  };
  return methods::build_adapted(std::move(setting), std::move(method), options);
}

void save_detector(const fs::path& folder, const models::fcos::Detector& detector, const methods::Adapted& adapted,
                   const DetectorInfo& info) {
  nn::write_tensors(folder / kWeights, detector.to_checkpoint());
  if (!adapted.adaptation.bindings.empty())
    nn::write_tensors(folder / kInserts, adapted.method->to_disk(*adapted.model, adapted.adaptation));
  auto classes = ordered_json::array();
  for (const auto& each : info.classes)
    classes.push_back({{"id", each.id}, {"name", each.name}});
  const ordered_json all{{"format", kFormat},
                         {"classes", classes},
                         {"side", info.side},
                         {"method", info.method},
                         {"method_options", info.method_options},
                         {"seed", info.seed}};
  write_file_atomically(folder / kDescription, all.dump(2) + "\n");
}

bool is_detector_folder(const fs::path& folder) {
  std::error_code error;
  return fs::exists(folder / kDescription, error);
}

OpenedDetector open_detector(const std::string& typed, const io::Environment& environment) {
  const fs::path folder = typed;
  if (!is_detector_folder(folder)) {
    OpenedDetector opened{models::fcos::read_detector(io::ModelFolder::find(typed, environment), {}), {}, {}, false};
    for (int64_t c = 0; c < opened.detector.classes(); ++c)
      opened.info.classes.push_back({c, fmt::format("class {}", c)});
    return opened;
  }
  OpenedDetector opened{models::fcos::read_detector(io::ModelFolder::at(folder / kWeights), {}),
                        {},
                        read_description(folder / kDescription),
                        true};
  if (static_cast<int64_t>(opened.info.classes.size()) != opened.detector.classes()) {
    throw ModelError("detect", "{} names {} classes, and {} tells {}.", kDescription, opened.info.classes.size(),
                     (folder / kWeights).string(), opened.detector.classes());
  }
  std::error_code error;
  if (fs::exists(folder / kInserts, error)) {
    auto& adapted = opened.adapted.emplace(adapt_detector(opened.detector, opened.info, /*train_size=*/0));
    adapted.method->from_disk(*adapted.model, nn::read_tensors(folder / kInserts), adapted.adaptation);
  }
  return opened;
}

}  // namespace graft::pipelines
