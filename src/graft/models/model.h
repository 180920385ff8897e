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
#include "graft/models/told.h"
#include "graft/nn/joint.h"
#include "graft/nn/site.h"
#include "graft/tensor/activation_kind.h"
#include "graft/tensor/precision.h"

namespace graft::text {
class ClipTokenizer;
}

namespace graft::models {

// How texts become ids.
struct TextReader {
  const text::ClipTokenizer& tokenizer;
  int64_t context_length = 0;
  bool truncate = false;  // what is too long is cut, instead of a DataError
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
  std::string no_text;            // why a text tower that is there cannot be used; empty: it can, or there is none
  std::vector<Note> notes;        // what had to be assumed, or was left aside
};

// How a text tower is fed: prompts padded to one length.
struct Prompts {
  at::Tensor ids;      // [C, T] int64
  at::Tensor ends;     // [C] int64, the row whose output is the text's feature
  at::Tensor learned;  // [C, M] int64 rows that stand for learned words, or undefined
  int64_t cut = 0;     // how many of them were too long
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
  // What a classifier reads of such a value, [B, D]: features as they are; of tokens laid out as `layout` says (empty:
  // as before anything was put in) what this model pools, the class token or the mean of the patches, before any norm.
  virtual at::Tensor feature_rows(const at::Tensor& value, const nn::Layout& layout) const = 0;
  at::Tensor encode_images(const at::Tensor& images, nn::Context& context) {
    return run_images(images, 0, projected(), context);
  }

  // --- text (CLIP): absent where there is no text tower
  virtual bool has_text() const { return false; }
  virtual int64_t text_width() const { return 0; }  // of the words that a prompt learns
  virtual int64_t context_length() const { return 0; }
  virtual TextReader text_reader() const;
  // ModelError where it is absent, or there and not to be used. `where` and `what` begin the message: "[zero-shot]
  // class prompts need ...".
  void require_text(const char* where, const std::string& what) const;
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

  // The image tower's positions, [rows, D], stretched to images of that size.
  virtual at::Tensor positions_at(data::Size) const { return {}; }

  void clear_inserts();

  void add_notes(const std::vector<Note>& notes);

 protected:
  // Called by a family when the towers are built and registered.
  void complete(ModelInfo info, tensor::Precision precision, std::vector<Origin> origins);

  ModelInfo info_;
  tensor::Precision precision_ = tensor::Precision::fp32;

 private:
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
