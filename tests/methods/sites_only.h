// The sites of CLIP's ViT-B/16 at their true widths and none of its weights: enough to build what a method adds to it,
// and to count.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <deque>

#include "graft/core/error.h"
#include "graft/methods/method.h"
#include "graft/text/clip_tokenizer.h"

namespace graft::methods {

class SitesOnly final : public models::Model {
 public:
  explicit SitesOnly(const std::string& layout = "timm", bool text = true) : text_(text) {
    info_.source = "vit-b-16";
    info_.layout = layout;
    auto vision = register_module("vision", std::make_shared<torch::nn::Module>());
    auto patch = vision->register_module("patch", std::make_shared<torch::nn::Module>());
    patch->register_parameter("weight", torch::zeros({kWidth, 3 * 16 * 16}), false);
    add("vision.tokens", nn::SiteKind::tokens, -1, kWidth, kWidth, "");
    for (int64_t k = 0; k < kBlocks; ++k)
      block(k);
    if (text_) {
      add("text.words", nn::SiteKind::words, -1, 512, 512, "").tower = nn::Tower::text;
    }
    for (auto& site : sites_)
      joints_.emplace_back(site);
  }

  std::vector<nn::Joint*> joints() override {
    std::vector<nn::Joint*> all;
    for (auto& joint : joints_)
      all.push_back(&joint);
    return all;
  }
  int64_t blocks() const override { return kBlocks; }
  nn::Place pooled() const override { return kBlocks + 2; }
  nn::Place projected() const override { return kBlocks + 3; }
  int64_t feature_width(nn::Place place) const override { return place == projected() ? 512 : kWidth; }
  at::Tensor run_images(const at::Tensor&, nn::Place, nn::Place, nn::Context&) override {
    throw InternalError("test", "these are sites without weights");
  }
  at::Tensor feature_rows(const at::Tensor& value, const nn::Layout&) const override { return value; }
  bool has_text() const override { return text_; }
  int64_t text_width() const override { return 512; }
  int64_t context_length() const override { return 77; }
  models::TextReader text_reader() const override { return {text::ClipTokenizer::shared(), 77}; }
  at::Tensor embed_words(const at::Tensor& ids) override { return torch::ones({ids.size(0), 512}) * ids.unsqueeze(1); }
  nn::Place place_of(const std::string&) const override { return 0; }

 private:
  static constexpr int64_t kWidth = 768, kBlocks = 12;

  nn::Site& add(const std::string& path, nn::SiteKind kind, int64_t block, int64_t in, int64_t out,
                const std::string& checkpoint) {
    nn::Site site;
    site.path = path;
    site.kind = kind;
    site.block = block;
    site.in = in;
    site.out = out;
    site.place = 1 + std::max<int64_t>(block, 0);
    site.checkpoint = checkpoint;
    sites_.push_back(site);
    return sites_.back();
  }

  void block(int64_t k) {
    const std::string ours = "vision.blocks." + std::to_string(k) + ".", theirs = "blocks." + std::to_string(k) + ".";
    add(ours + "tokens", nn::SiteKind::tokens, k, kWidth, kWidth, "");
    add(ours + "attn", nn::SiteKind::sublayer, k, kWidth, kWidth, theirs + "attn");
    add(ours + "attn.qkv", nn::SiteKind::linear, k, kWidth, 3 * kWidth, theirs + "attn.qkv").slices = {
        {"q", 0, kWidth, ""}, {"k", kWidth, 2 * kWidth, ""}, {"v", 2 * kWidth, 3 * kWidth, ""}};
    add(ours + "attn.proj", nn::SiteKind::linear, k, kWidth, kWidth, theirs + "attn.proj");
    add(ours + "mlp", nn::SiteKind::sublayer, k, kWidth, kWidth, theirs + "mlp");
    add(ours + "mlp.fc1", nn::SiteKind::linear, k, kWidth, 4 * kWidth, theirs + "mlp.fc1");
    add(ours + "mlp.fc2", nn::SiteKind::linear, k, 4 * kWidth, kWidth, theirs + "mlp.fc2");
  }

  bool text_;
  std::deque<nn::Site> sites_;
  std::deque<nn::Joint> joints_;
};

struct OnSites {
  std::shared_ptr<SitesOnly> model;
  std::shared_ptr<models::Classifier> classifier;
  Problem problem;
  std::unique_ptr<Method> method;
  Adaptation adaptation;

  int64_t parameters() const {
    int64_t count = 0;
    for (const auto& binding : adaptation.bindings) {
      for (const auto& parameter : binding.insert->parameters())
        count += parameter.numel();
    }
    return count;
  }
};

// A method on those sites, for four classes of sixteen photos.
inline OnSites on_sites(const std::string& name, const OptionValues& options, const std::string& layout = "timm") {
  OnSites built;
  built.model = std::make_shared<SitesOnly>(layout);
  built.problem = {built.model, {"cat", "dog", "apple pie", "tram"}, 16, 64};
  built.method = make_method(name, options);
  built.classifier = std::make_shared<models::PromptClassifier>(
      built.model, built.problem.classes, std::vector<std::string>{"a photo of a {}."},
      built.method->learned_words(built.problem), built.method->word_position());
  Random random(1);
  built.adaptation = built.method->attach(built.problem, *built.classifier, random);
  return built;
}

}  // namespace graft::methods
