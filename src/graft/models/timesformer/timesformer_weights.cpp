#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/error.h"
#include "graft/models/model.h"
#include "graft/models/preprocessing.h"
#include "graft/models/timesformer/divided_reader.h"
#include "graft/models/timesformer/timesformer_names.h"
#include "graft/models/timesformer/timesformer_settings.h"
#include "graft/models/timesformer/timesformer_tower.h"
#include "graft/models/vit/timm_config.h"
#include "graft/models/vit/vit_names.h"
#include "graft/tensor/on_cpu.h"

namespace graft::models::timesformer {
namespace {

constexpr int64_t kUsualFrames = 8;  // of the paper's own models

// What its authors' code calls a parameter of ours, and how it holds it.
Origin own_origin(const std::string& ours, const at::Tensor& value, int64_t patch) {
  auto theirs = ours.substr(std::string("vision.").size());
  auto shape = value.sizes().vec();
  if (theirs == "cls" || theirs == "positions" || theirs == "time") {
    theirs = theirs == "cls" ? "cls_token" : theirs == "time" ? "time_embed" : "pos_embed";
    shape = {1, value.numel() / value.size(-1), value.size(-1)};
  } else if (theirs.starts_with("patch.")) {
    theirs.replace(0, 5, "patch_embed.proj");
    if (value.dim() == 2) shape = {value.size(0), 3, patch, patch};
  } else if (const auto at = theirs.find(".temporal_norm."); at != theirs.npos) {
    theirs.replace(at, std::string(".temporal_norm.").size(), ".temporal_norm1.");
  }
  return {ours, theirs, shape, 0, value.size(0), false};
}

class TimesformerReader {
 public:
  // `names.temporal` where there is none to read: the attention over space, whose copy that over time starts as.
  TimesformerReader(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options, Names names,
                    const std::string& prefix, Settings settings, bool made)
      : folder_(folder),
        weights_(weights),
        options_(options),
        names_(names),
        prefix_(prefix),
        reader_(weights, prefix),
        shape_(shape_of(reader_, names_)),
        settings_(std::move(settings)),
        made_(made) {
    if (shape_.width % settings_.heads != 0) {
      throw ModelError("timesformer", "{}: {} heads do not divide a width of {}.", weights.name(), settings_.heads,
                       shape_.width);
    }
  }

  std::unique_ptr<Model> read() {
    const auto width = shape_.width, rows = shape_.positions, side = shape_.patch;
    TimesformerParts parts;
    parts.attention = settings_.attention;
    parts.width = width;
    parts.frames = settings_.frames;
    const std::string patch = names_.patch;
    const auto weight = reader_.take_matrix("vision.patch.weight", {patch + ".weight"}, {width, 3 * side * side},
                                            {.shape = {width, 3, side, side}});
    const auto bias = reader_.take("vision.patch.bias", patch + ".bias", {width});
    parts.patch = std::make_shared<nn::PatchEmbedding>(weight, bias, 3, side, options_.precision);
    parts.cls = reader_.take_as("vision.cls", names_.cls, {width}, {1, 1, width});
    auto table = reader_.take_as("vision.positions", names_.positions, {rows, width}, {1, rows, width});
    if (made_) table = stretched(table);
    parts.positions = nn::Positions(table, 1, settings_.grid, nn::Stretch::bicubic);
    if (made_) {
      parts.time = at::zeros({settings_.frames, width}, tensor::on_cpu());
    } else if (settings_.attention != SpaceTime::space) {
      parts.time = reader_.take_as("vision.time", names_.time, {settings_.frames, width}, {1, settings_.frames, width});
    }
    if (settings_.attention == SpaceTime::divided) {
      parts.divided = read_divided(reader_, divided_plan());
    } else {
      parts.blocks = read_blocks(reader_, plan());
    }
    parts.norm = read_norm(reader_, "vision.norm", names_.norm, width, settings_.eps, options_.precision);
    return finish(std::move(parts));
  }

 private:
  // A ViT's positions for the photos that are asked for, from then on the TimeSformer's own.
  at::Tensor stretched(const at::Tensor& table) {
    auto& pixels = settings_.preprocessing;
    if (options_.image_size) pixels = at_size(pixels, *options_.image_size, shape_.patch);
    const auto photo = pixels.output();
    const nn::Grid grid{photo.height / shape_.patch, photo.width / shape_.patch};
    if (grid.rows * shape_.patch != photo.height || grid.columns * shape_.patch != photo.width) {
      throw ModelError("timesformer",
                       "{}: photos are prepared as {} x {}, which patches of {} do not fill. --image-size "
                       "says another.",
                       weights_.name(), photo.height, photo.width, shape_.patch);
    }
    const auto from = std::exchange(settings_.grid, grid);
    if (from == grid) return table;
    return at::cat({table.narrow(0, 0, 1),
                    nn::stretch_positions(table.narrow(0, 1, from.count()), from, grid, settings_.stretch)});
  }

  BlocksPlan plan() const {
    BlocksPlan plan;
    plan.theirs = names_.blocks;
    plan.names = names_.block;
    plan.width = shape_.width;
    plan.heads = settings_.heads;
    plan.depth = settings_.depth;
    plan.eps = settings_.eps;
    plan.activation = settings_.activation;
    plan.qkv_bias = shape_.qkv_bias;
    plan.precision = options_.precision;
    plan.tokens = false;
    return plan;
  }

  DividedPlan divided_plan() const {
    DividedPlan plan;
    plan.theirs = names_.blocks;
    plan.names = names_.block;
    plan.temporal = names_.temporal;
    if (!made_) plan.temporal_fc = names_.temporal_fc;
    plan.width = shape_.width;
    plan.heads = settings_.heads;
    plan.depth = settings_.depth;
    plan.frames = settings_.frames;
    plan.eps = settings_.eps;
    plan.activation = settings_.activation;
    plan.qkv_bias = shape_.qkv_bias;
    plan.precision = options_.precision;
    return plan;
  }

  std::unique_ptr<Model> finish(TimesformerParts parts) {
    reader_.ignore({"head.*", "classifier.*", reader_.full("pooler.*")});
    refuse_strays();
    ModelInfo info;
    info.source = folder_.path.string();
    info.family = "timesformer";
    info.layout = settings_.layout;
    info.preprocessing = settings_.preprocessing;
    info.own_size = info.preprocessing.output();
    const auto grid = settings_.grid;
    const data::Size needed{static_cast<int>(grid.rows * shape_.patch), static_cast<int>(grid.columns * shape_.patch)};
    if (!made_ && options_.image_size && *options_.image_size != needed.height) {
      throw ConfigError("model", "--image-size {}: a TimeSformer's positions are not stretched: expected {}.",
                        *options_.image_size, needed.height);
    }
    if (info.own_size != needed) {
      throw ModelError("timesformer", "{}: photos are prepared as {} x {}, and its positions are of {} x {}.",
                       info.source, info.own_size.height, info.own_size.width, needed.height, needed.width);
    }
    info.vision = {.heads = settings_.heads, .activation = settings_.activation, .eps = settings_.eps};
    info.notes = settings_.notes;
    if (made_) {
      info.notes.push_back(
          {.text = fmt::format("made of a ViT, for clips of {} frames: attention over time starts as a "
                               "copy of that over space behind a map of zeros",
                               settings_.frames),
           .numbers = false});
    }
    if (const auto& names = reader_.ignored(); !names.empty())
      info.notes.push_back({.text = fmt::format("left aside: {}", fmt::join(names, ", ")), .numbers = false});
    const char* attention = settings_.attention == SpaceTime::divided ? "divided"
                            : settings_.attention == SpaceTime::joint ? "joint"
                                                                      : "space alone";
    info.description = fmt::format("TimeSformer {} {}x{}/{} {}x{}", attention, settings_.frames, needed.height,
                                   shape_.patch, parts.depth(), shape_.width);
    auto origins = reader_.finish(fmt::format("TimeSformer ({})", settings_.layout));
    const auto tower = std::make_shared<TimesformerTower>(std::move(parts));
    if (made_) {
      origins.clear();
      for (const auto& parameter : tower->named_parameters())
        origins.push_back(own_origin("vision." + parameter.key(), parameter.value(), shape_.patch));
    }
    return std::make_unique<Model>(std::vector<std::shared_ptr<Tower>>{tower}, std::move(info), options_.precision,
                                   std::move(origins));
  }

  // Beside the model only its classifier is known.
  void refuse_strays() const {
    std::vector<std::string> strays;
    for (const auto& [name, view] : weights_.tensors()) {
      const auto& known = reader_.ignored();
      if (!name.starts_with(prefix_) && std::ranges::find(known, name) == known.end()) strays.push_back(name);
    }
    if (strays.empty()) return;
    throw ModelError("timesformer", "{}: beside the model lies what graft does not know: {}.", weights_.name(),
                     fmt::join(strays, ", "));
  }

  const io::ModelFolder& folder_;
  const io::Weights& weights_;
  const LoadOptions& options_;
  Names names_;
  std::string prefix_;
  CheckpointReader reader_;
  Shape shape_;
  Settings settings_;
  bool made_;  // of a ViT
};

// Section 4 of the paper and its authors' code: attention over time and its norm start as copies of those over space.
Names names_of_vit(const vit::Names& of) {
  Names names = own_names();
  names.cls = of.cls;
  names.positions = of.positions;
  names.patch = of.patch;
  names.norm = of.norm;
  names.blocks = of.blocks;
  names.block = of.block;
  names.temporal = of.block;
  return names;
}

bool recognises(const io::ModelFolder&, const io::Weights& weights) {
  return find_names(weights).has_value();
}

std::unique_ptr<Model> load(const io::ModelFolder& folder, const io::Weights& weights, const LoadOptions& options) {
  const auto found = find_names(weights);
  if (options.told.inflate == Inflate::timesformer) {
    const auto frames = options.told.inflate_frames.value_or(kUsualFrames);
    if (frames < 1) throw ConfigError("model", "--inflate-frames {}: expected 1 or more.", frames);
    auto settings = settings_of_vit(folder, weights, options.told, frames);
    const auto of = vit::find_names(weights);
    return TimesformerReader(folder, weights, options, names_of_vit(*of->names), of->prefix, std::move(settings), true)
        .read();
  }
  if (!found) {
    throw ModelError("timesformer", "{} has none of the names that a TimeSformer's blocks go by.", weights.name());
  }
  const auto& names = *found->names;
  const CheckpointReader reader(weights, found->prefix);
  const auto shape = shape_of(reader, names);
  // Beside the weights of its authors' code may lie timm's description of the ViT that they were made of.
  const bool of_timm = &names == &own_names() && folder.config && vit::is_timm_config(*folder.config);
  auto settings = of_timm ? settings_of_vit(folder, weights, options.told, shape.frames)
                          : settings_of(folder, reader, names, shape, options.told);
  if (of_timm && !shape.divided) settings.attention = SpaceTime::joint;
  return TimesformerReader(folder, weights, options, names, found->prefix, std::move(settings), false).read();
}

}  // namespace

extern const Family family = {"timesformer", "clips: TimeSformer, also made of a ViT (--inflate timesformer)",
                              "hf, timesformer", recognises, load};

}  // namespace graft::models::timesformer
