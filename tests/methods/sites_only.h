// The sites of CLIP's ViT-B/16 at their true widths and none of its weights: enough to build what a method adds to it,
// and to count.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <deque>
#include <set>

#include "graft/core/error.h"
#include "graft/methods/adapted.h"
#include "graft/methods/entry.h"
#include "graft/text/clip_tokenizer.h"

namespace graft::methods {

class SiteTower final : public models::Tower {
 public:
  SiteTower(nn::Tower name, int64_t width, int64_t blocks, int64_t patch_numbers = 3 * 16 * 16)
      : Tower(blocks, /*projects=*/true, "input"), name_(name), width_(width), patch_numbers_(patch_numbers) {
    if (name == nn::Tower::text) {
      add("words", nn::SiteKind::words, -1, width, width, "");
      return;
    }
    add("tokens", nn::SiteKind::tokens, -1, width, width, "");
    for (int64_t k = 0; k < blocks; ++k)
      block(k);
  }

  nn::Tower name() const override { return name_; }
  int64_t width(nn::Place place) const override { return place == last() ? 512 : width_; }
  nn::Value run(nn::Value, nn::Place, nn::Place, const nn::Context&) const override {
    throw InternalError("test", "these are sites without weights");
  }
  nn::Value kept(at::Tensor x, nn::Place) const override { return {std::move(x)}; }
  at::Tensor rows(const nn::Value& value) const override { return value.x; }
  int64_t context_length() const override { return 77; }
  at::Tensor embed_words(const at::Tensor& ids) const override {
    return torch::ones({ids.size(0), width_}) * ids.unsqueeze(1);
  }
  nn::Place place_of(const std::string&) const override { return 0; }
  std::vector<nn::Joint*> joints() override {
    std::vector<nn::Joint*> all;
    for (auto& joint : joints_)
      all.push_back(&joint);
    return all;
  }
  models::TextReader text_reader() const override { return {text::ClipTokenizer::shared(), 77}; }

 private:
  void add(const std::string& path, nn::SiteKind kind, int64_t block, int64_t in, int64_t out,
           const std::string& checkpoint, std::vector<nn::Slice> slices = {}) {
    nn::Site site;
    site.path = to_string(name_) + "." + path;
    site.kind = kind;
    site.tower = name_;
    site.block = block;
    site.in = in;
    site.out = out;
    site.place = 1 + std::max<int64_t>(block, 0);
    if (block >= 0) site.part = path.substr(path.find('.', path.find('.') + 1) + 1);  // of "blocks.3.attn.qkv"
    if (kind == nn::SiteKind::tokens) site.patch_numbers = patch_numbers_;
    if (kind == nn::SiteKind::key_values) site.heads = width_ / 64;
    site.checkpoint = checkpoint;
    site.slices = std::move(slices);
    joints_.emplace_back(std::move(site));
  }

  void block(int64_t k) {
    const std::string name = "blocks." + std::to_string(k) + ".";
    add(name + "tokens", nn::SiteKind::tokens, k, width_, width_, "");
    add(name + "attn", nn::SiteKind::sublayer, k, width_, width_, name + "attn");
    add(name + "attn.qkv", nn::SiteKind::linear, k, width_, 3 * width_, name + "attn.qkv",
        {{"q", 0, width_, ""}, {"k", width_, 2 * width_, ""}, {"v", 2 * width_, 3 * width_, ""}});
    add(name + "attn.key_values", nn::SiteKind::key_values, k, width_, width_, name + "attn");
    add(name + "attn.proj", nn::SiteKind::linear, k, width_, width_, name + "attn.proj");
    add(name + "mlp", nn::SiteKind::sublayer, k, width_, width_, name + "mlp");
    add(name + "mlp.fc1", nn::SiteKind::linear, k, width_, 4 * width_, name + "mlp.fc1");
    add(name + "mlp.fc2", nn::SiteKind::linear, k, 4 * width_, width_, name + "mlp.fc2");
  }

  nn::Tower name_;
  int64_t width_, patch_numbers_;
  std::deque<nn::Joint> joints_;
};

inline std::shared_ptr<models::Model> sites_only(bool text = true, int64_t patch_numbers = 3 * 16 * 16) {
  models::ModelInfo info;
  info.source = "vit-b-16";
  info.layout = "timm";
  std::vector<std::shared_ptr<models::Tower>> towers{
      std::make_shared<SiteTower>(nn::Tower::vision, 768, 12, patch_numbers)};
  if (text) towers.push_back(std::make_shared<SiteTower>(nn::Tower::text, 512, 0));
  return std::make_shared<models::Model>(std::move(towers), std::move(info), tensor::Precision::fp32,
                                         std::vector<models::Origin>{}, text ? torch::zeros({}) : at::Tensor());
}

struct OnSites : Adapted {
  int64_t inserted() const {  // numbers in the inserts
    int64_t count = 0;
    std::set<const void*> seen;  // several inserts may share one
    for (const auto& binding : adaptation.bindings) {
      for (const auto& parameter : binding.insert->parameters())
        count += seen.insert(parameter.unsafeGetTensorImpl()).second ? parameter.numel() : 0;
    }
    return count;
  }
};

// A method on those sites, for four classes of sixteen photos.
inline OnSites on_sites(const std::string& name, const OptionValues& options,
                        std::shared_ptr<models::Model> model = sites_only(), int64_t frames = 1) {
  return {build_adapted({.model = std::move(model),
                         .classes = {"cat", "dog", "apple pie", "tram"},
                         .shots = 16,
                         .train_size = 64,
                         .frames = frames,
                         .templates = {"a photo of a {}."}},
                        make_method(name, options))};
}

}  // namespace graft::methods
