// A frozen model: its towers and what joins them, and what it was loaded from. Families (vit, clip, ...) are folders
// listed in models.def; each recognises its checkpoints, maps their names to ours and builds the towers from nn/.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graft/core/log.h"
#include "graft/core/random.h"
#include "graft/data/transforms.h"
#include "graft/io/model_folder.h"
#include "graft/models/checkpoint.h"
#include "graft/models/told.h"
#include "graft/models/tower.h"
#include "graft/nn/batch_norm.h"
#include "graft/nn/parameters.h"
#include "graft/nn/site.h"
#include "graft/tensor/activation_kind.h"
#include "graft/tensor/precision.h"

namespace graft::models {

// What a model says of itself; written into every adapter, so that a wrong load is an error.
struct ModelInfo {
  std::string source;       // what the user named: a path or org/name
  std::string family;       // "clip", "vit", "bert"
  std::string layout;       // whose checkpoint names: "open_clip", "openai", "hf", "timm", "dino", "dinov2"
  std::string description;  // "ViT-B/16 + text 512"
  std::string fingerprint;  // content hash of all weights by our names, independent of the file's layout
  int64_t parameters = 0;
  data::Preprocessing preprocessing;  // of images
  data::Size own_size;                // of its input where nobody asks for another
  // What was used where tensors do not say it; whoever writes the weights anew writes this beside them.
  TowerReading vision;
  std::optional<TowerReading> text;
  // timm's word: of the class token, or "avg" of the patches; of texts sentence-transformers', or "pooler"
  std::string pooling = "token";
  std::string no_text;      // why a text tower that is there cannot be used; empty: it can, or there is none
  std::vector<Note> notes;  // what had to be assumed, or was left aside
};

class Model : public torch::nn::Module {
 public:
  // The towers, the reader first, as "vision" and "text"; `log_scale` joins them where there are two.
  Model(std::vector<std::shared_ptr<Tower>> towers, ModelInfo info, tensor::Precision precision,
        std::vector<Origin> origins, at::Tensor log_scale = {});

  const ModelInfo& info() const { return info_; }
  tensor::Precision precision() const { return precision_; }

  // Where examples come in: the image tower where there is one, else the text tower.
  Tower& reader() const { return *towers_.front(); }
  Tower* tower(nn::Tower name) const;  // null: it has none
  Tower& need(nn::Tower name) const;   // ModelError where it has none
  // Whether class names, as prompts, can be laid beside what the reader gives: two towers that share a space, and texts
  // that can be read; or class features that somebody gave.
  bool has_prompts() const {
    return class_features_.rows.defined() ||
           (has_logit_scale() && tower(nn::Tower::vision) && tower(nn::Tower::text) && info_.no_text.empty());
  }
  // ModelError where they cannot. `where` and `what` begin the message: "[zero-shot] class prompts need ...".
  void require_prompts(const char* where, const std::string& what) const;
  // Of a model whose towers share a space: what cosines are multiplied by (CLIP: exp of the stored scalar).
  at::Tensor logit_scale() const;
  bool has_logit_scale() const { return log_scale_.defined(); }  // else they share none
  TextReader text_reader() const;                                // of prompts; ModelError as of require_prompts()
  // What stands for the classes where no tower reads texts (feature_model.h), and what cosines with it are multiplied
  // by.
  struct ClassFeatures {
    at::Tensor rows;  // [C, E]; undefined: nothing does
    double scale = 1;
  };
  const ClassFeatures& class_features() const { return class_features_; }
  void give(ClassFeatures features) { class_features_ = std::move(features); }
  // The linear map behind its maps that it came with, for classes of its own (deeplab).
  struct PixelClasses {
    at::Tensor weight, bias;  // [C, E], [C]; undefined: none
  };
  const PixelClasses& pixel_classes() const { return pixel_classes_; }
  void give(PixelClasses classes) { pixel_classes_ = std::move(classes); }

  // A model of two that know nothing of each other: this one's reader, which sees, and the other's, which reads texts,
  // with what this one says of images and that one of texts. ModelError where they are others.
  std::unique_ptr<Model> joined_with(const Model& texts) const;

  // Itself with another's attention in its reader's blocks, the first in the first and so on: of a CLIP its text
  // tower's. That of texts serves images where both once learned in common (Bao et al. 2022, VLMo, arXiv:2111.02358);
  // here it is put in whole, and everything else stays. Its own attention is gone. ModelError where the width or the
  // heads are others, or it has fewer blocks.
  std::unique_ptr<Model> with_attention_of(const Model& other) const;
  // The control: attention of as many drawn numbers, N(0, 1 / width), that knows nothing.
  std::unique_ptr<Model> with_random_attention(Random random) const;

  std::vector<nn::Joint*> joints();  // every site in order of computation, the reader's first; they live as long as it
  nn::Joint& joint(const std::string& path);  // ModelError with the nearest path

  // Of a parameter, by our name: whose it is, and below which place of the reader it changes nothing (one of another
  // tower: the reader's last).
  nn::Tower tower_of(const std::string& name) const;  // by the name's first word
  nn::Place place_of(const std::string& name) const;

  // Our parameters as they are now, under the checkpoint's own names and in its shapes (merging writes these back).
  nn::NamedTensors to_checkpoint() const;
  // The same with positions stretched to the model's input: nobody needs to stretch them again.
  nn::NamedTensors to_checkpoint_at_size() const;

  // Its batch norms by path ("vision.blocks.0.norm1").
  std::vector<std::pair<std::string, nn::BatchNorm*>> batch_norms() const;
  // While training these go by the batch and gather its statistics; all others go by what they have.
  void go_by_batch(const std::vector<std::string>& norms);

  // Everything frozen except the named parameters; packed copies of what trains are dropped.
  void freeze_all_but(const std::vector<std::string>& trained);

  void clear_inserts();

  void add_notes(const std::vector<Note>& notes);

 private:
  std::unique_ptr<Model> anew(const std::string& attention) const;  // of the same towers, whose weights are others

  std::vector<std::shared_ptr<Tower>> towers_;
  at::Tensor log_scale_;
  ClassFeatures class_features_;
  PixelClasses pixel_classes_;
  ModelInfo info_;
  tensor::Precision precision_;
  std::vector<Origin> origins_;
};

struct LoadOptions {
  tensor::Precision precision = tensor::Precision::fp32;
  std::string as = {};                     // force a family, where a lone file could be two
  std::optional<int64_t> image_size = {};  // interpolate positions to another resolution
  Told told = {};
};

// Recognises the family by its files and builds it. Missing, unexpected or misshapen tensors are collected into one
// ModelError. Nothing passes silently.
std::unique_ptr<Model> load_model(const io::ModelFolder& folder, const LoadOptions& options);
// The same from tensors already at hand.
std::unique_ptr<Model> load_model(const io::ModelFolder& folder, const io::Weights& weights,
                                  const LoadOptions& options);

// The tensors that load_model() reads of a checkpoint: wrappers taken off their names, what lies beside the model left
// out. `as` as in LoadOptions.
io::Weights own_weights(const io::ModelFolder& folder, const io::Weights& weights, const std::string& as);

struct Family {
  const char* name;
  const char* summary;
  const char* layouts;  // "open_clip, openai, hf"
  bool (*recognises)(const io::ModelFolder&, const io::Weights&);
  std::unique_ptr<Model> (*load)(const io::ModelFolder&, const io::Weights&, const LoadOptions&);
};
const std::vector<Family>& families();

}  // namespace graft::models
