// What is said of a decoder's training before it begins, on stories260K, held against what its steps take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "graft/engine/session.h"
#include "graft/pipelines/language/adapter.h"
#include "graft/pipelines/language/train_plan.h"
#include "graft/planner/memory_trace.h"
#include "tests/support/source_dir.h"

namespace graft::pipelines::language {
namespace {

// Two documents of 64 tokens a row.
engine::TokenRows pairs_of_documents(int64_t rows) {
  data::Documents all;
  for (int64_t i = 0; i < 2 * rows; ++i) {
    data::Document document;
    for (int32_t t = 0; t < 64; ++t) {
      document.ids.push_back(3 + (t + static_cast<int32_t>(i)) % 500);
      document.targets.push_back(true);
    }
    all.documents.push_back(document);
  }
  return engine::token_rows(all, 128, /*pack=*/true, 0);
}

struct OnStories {
  explicit OnStories(const std::string& precision) {
    engine::ModelOptions options;
    options.model = (source_dir() / "tests" / "golden" / "models" / "stories260K").string();
    options.precision = precision;
    options.threads = 1;
    model = engine::open_model(options, {}, silent);
    adapted = adapt_decoder(model, "lora", {}, 1);
    objective = std::make_unique<engine::LanguageObjective>(decoder_of(*model), adapted.parameters);
    rows = pairs_of_documents(9);
  }
  planner::Workload work() { return workload_of(*objective, adapted, rows, {}); }

  Silent silent;
  std::shared_ptr<models::Model> model;
  methods::Adapted adapted;
  std::unique_ptr<engine::LanguageObjective> objective;
  engine::TokenRows rows;
};

int64_t term(const planner::Plan& plan, std::string_view name) {
  for (const auto& one : plan.terms) {
    if (one.name == name) return one.bytes;
  }
  return -1;
}

TEST(LanguagePlan, ForetellsWhatAStepOfTheWholeBatchHolds) {
  constexpr int64_t kBatch = 8;
  OnStories on("fp32");
  planner::Planner planner(on.work());
  for (const bool recompute : {false, true}) {
    const auto plan = planner.plan(recompute, kBatch);
    const auto whole = planner::trace_memory([&](const auto& mark) { planner.work().step(kBatch, recompute, mark); });
    int64_t now = 0, most = 0;
    for (const auto change : whole.changes)
      most = std::max(most, now += change);
    const auto told = term(plan, "activations of texts and classes") + term(plan, "activations of examples") +
                      term(plan, "workspace of a step");
    EXPECT_NEAR(static_cast<double>(told) / static_cast<double>(most), 1, 0.01) << recompute;
    EXPECT_EQ(term(plan, "optimizer"), 8 * on.adapted.trained_parameters());
  }
  for (const auto& [name, parameter] : on.adapted.parameters)
    EXPECT_FALSE(parameter.grad().defined()) << name;
}

TEST(LanguagePlan, AQuantisedBaseIsCountedAsItLies) {
  OnStories whole("fp32"), quantised("nf4");
  const auto of_whole = planner::Planner(whole.work()).plan(false, 2);
  const auto of_quantised = planner::Planner(quantised.work()).plan(false, 2);
  const auto bytes = term(of_quantised, "weights, packed");
  EXPECT_GT(bytes, 0);
  EXPECT_LT(8 * bytes, 1.2 * static_cast<double>(term(of_whole, "weights, packed")));  // 4.13 bits of 32, small blocks
  EXPECT_EQ(term(of_quantised, "weights, packed for the backward"), 0);
}

}  // namespace
}  // namespace graft::pipelines::language
