// A frozen model: its sites, its towers, what it was loaded from. Families (vit, clip, ...) are folders listed in
// models.def; each recognises its checkpoints, maps their names to ours and builds the towers from nn/.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graft/core/log.h"
#include "graft/data/transforms.h"
#include "graft/io/model_folder.h"
#include "graft/models/checkpoint.h"
#include "graft/nn/joint.h"
#include "graft/nn/site.h"
#include "graft/tensor/activation_kind.h"
#include "graft/tensor/precision.h"

namespace graft::models {

// What one tower computes beside its tensors, as its files say, or as it had to be assumed.
struct TowerReading {
  int64_t heads = 0;
  tensor::Activation activation = tensor::Activation::gelu;
  double eps = 1e-6;  // of its norms
};

// What a model says of itself; written into every adapter, so that a wrong load is an error.
struct ModelInfo {
  std::string source;       // what the user named: a path or org/name
  std::string family;       // "clip", "vit"
  std::string layout;       // whose checkpoint names: "open_clip", "openai", "hf", "timm", "dino", "dinov2"
  std::string description;  // "ViT-B/16 + text 512"
  std::string fingerprint;  // content hash of all weights by our names, independent of the file's layout
  int64_t parameters = 0;
  data::Preprocessing preprocessing;
  data::Size own_size;  // of its input where nobody asks for another
  // What was used where tensors do not say it; whoever writes the weights anew writes this beside them.
  TowerReading vision;
  std::optional<TowerReading> text;
  std::string pooling = "token";  // timm's word: of the class token, or "avg" of the patches
  std::vector<Note> notes;  // what had to be assumed, or was left aside
};

// How a text tower is fed: prompts padded to one length.
struct Prompts {
  at::Tensor ids;      // [C, T] int64
  at::Tensor ends;     // [C] int64, the row whose output is the text's feature
  at::Tensor learned;  // [C, M] int64 rows that stand for learned words, or undefined
};

class Model : public torch::nn::Module {
 public:
  const ModelInfo& info() const { return info_; }
  tensor::Precision precision() const { return precision_; }

  // Every site in order of computation, vision before text. Pointers live as long as the model.
  virtual std::vector<nn::Joint*> joints() = 0;
  nn::Joint& joint(const std::string& path);  // ModelError with the nearest path

  // --- images: places run 0 pixels, 1 tokens, 1 + k after k blocks, then pooled, then (CLIP) projected
  virtual int64_t blocks() const = 0;
  virtual nn::Place pooled() const = 0;
  virtual nn::Place projected() const = 0;  // the last place: the features a classifier gets
  virtual int64_t feature_width(nn::Place place) const = 0;
  // Runs the image tower from a value of one place to another: [B, 3, H, W] at pixels, [B, T, D] between, [B, E] at the
  // end.
  virtual at::Tensor run_images(const at::Tensor& value, nn::Place from, nn::Place to, nn::Context& context) = 0;
  at::Tensor encode_images(const at::Tensor& images, nn::Context& context) {
    return run_images(images, 0, projected(), context);
  }

  // --- text (CLIP): absent where there is no text tower
  virtual bool has_text() const { return false; }
  virtual int64_t text_width() const { return 0; }  // of the words that a prompt learns
  virtual int64_t context_length() const { return 0; }
  virtual at::Tensor encode_text(const Prompts& prompts, nn::Context& context);  // -> [C, E], not normalised
  virtual at::Tensor embed_words(const at::Tensor& ids);  // [.., T] -> [.., T, D_text], no positions
  virtual at::Tensor logit_scale() const;                 // exp already taken, scalar

  // Below which place does the parameter `name` (ours) change nothing; text parameters give projected() of images.
  virtual nn::Place place_of(const std::string& name) const = 0;
  virtual nn::Tower tower_of(const std::string& name) const;  // by the name's first word

  // Our parameters as they are now, under the checkpoint's own names and in its shapes (merging writes these back).
  std::map<std::string, at::Tensor> to_checkpoint() const;
  // The same with positions stretched to the model's input: nobody needs to stretch them again.
  std::map<std::string, at::Tensor> to_checkpoint_at_size() const;

  // Everything frozen except the named parameters; packed copies of what trains are dropped.
  void freeze_all_but(const std::vector<std::string>& trained);

  void clear_inserts();

 protected:
  // Called by a family when the towers are built and registered.
  void complete(ModelInfo info, tensor::Precision precision, std::vector<Origin> origins);
  virtual at::Tensor positions_at(data::Size) const { return {}; }  // [rows, D]

  ModelInfo info_;
  tensor::Precision precision_ = tensor::Precision::fp32;

 private:
  std::vector<Origin> origins_;
};

struct LoadOptions {
  tensor::Precision precision = tensor::Precision::fp32;
  std::string as = {};                     // force a family, where a lone file could be two
  std::optional<int64_t> image_size = {};  // interpolate positions to another resolution
};

// Recognises the family by its files and builds it. Missing, unexpected or misshapen tensors are collected into one
// ModelError. Nothing passes silently.
std::unique_ptr<Model> load_model(const io::ModelFolder& folder, const LoadOptions& options);
// The same from tensors already at hand.
std::unique_ptr<Model> load_model(const io::ModelFolder& folder, const io::Weights& weights,
                                  const LoadOptions& options);

struct Family {
  const char* name;
  const char* summary;
  const char* layouts;  // "open_clip, openai, hf"
  bool (*recognises)(const io::ModelFolder&, const io::Weights&);
  std::unique_ptr<Model> (*load)(const io::ModelFolder&, const io::Weights&, const LoadOptions&);
};
const std::vector<Family>& families();

}  // namespace graft::models
