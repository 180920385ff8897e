// A decoder that trains: against PEFT's trajectory (tests/golden/make/methods_decoder.py), and packed rows against each
// document alone.
#include "graft/engine/language_objective.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graft/core/error.h"
#include "graft/io/model_folder.h"
#include "graft/methods/adapted.h"
#include "graft/methods/lora/peft.h"
#include "graft/models/checkpoint.h"
#include "graft/train/optimizer.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"

namespace graft::engine {
namespace {

using models::decoder::Decoder;

std::map<std::string, at::Tensor> tensors_in(const std::filesystem::path& path) {
  std::map<std::string, at::Tensor> all;
  const auto file = io::Weights::open(path);
  for (const auto& [name, view] : file.tensors())
    all[name] = models::view_of(view).clone();
  return all;
}

std::shared_ptr<models::Model> small_llama() {
  return models::load_model(io::ModelFolder::at(source_dir() / "tests/golden/models/decoder_llama"), {});
}

// PEFT's adapter, as it was before training, on the model.
struct OnLlama {
  OnLlama() {
    const auto folder = source_dir() / "tests/golden/methods/peft_decoder";
    foreign = methods::lora::peft::from_peft(*io::JsonObject::read(folder / "adapter_config.json"),
                                             tensors_in(folder / "adapter_model.safetensors"), *model);
    Random random(1);
    models::LinearHead head(12, 2, models::HeadInit::zero, random);  // a method stands before some head
    for (auto& [name, tensor] : methods::install(foreign.adaptation, *model, head)) {
      if (!name.starts_with("head.")) parameters.emplace_back(name, tensor);
    }
  }
  const Decoder& decoder() const { return dynamic_cast<const Decoder&>(model->reader()); }

  std::shared_ptr<models::Model> model = small_llama();
  methods::ForeignAdapter foreign;
  nn::Parameters parameters;
};

TEST(LanguageObjective, LoraTakesTheStepsThatItTakesUnderPeft) {
  OnLlama on;
  EXPECT_EQ(on.parameters.size(), 16u);  // of two blocks q, v, gate and down
  const auto golden = tensors_in(source_dir() / "tests/golden/methods/peft_decoder/trained.safetensors");
  const auto ids = golden.at("ids"), labels = golden.at("labels");
  // A label stands where its token does; the target a place before.
  TokenRows rows{ids, at::constant_pad_nd(labels.narrow(1, 1, 10), {0, 1}, -100), at::ones_like(ids, at::kBool), {}};
  LanguageObjective objective(on.decoder(), on.parameters, rows);
  const auto batch = rows_batch(rows, at::arange(4, at::kLong), 0, 0);
  train::Optimizer optimizer(on.parameters, {.weight_decay = 0.01});
  for (int64_t step = 0; step < 50; ++step) {
    nn::Context context;
    context.training = true;
    const auto loss = objective.loss(batch, context) / batch.weight;
    EXPECT_NEAR(loss.item<double>(), golden.at("losses")[step].item<double>(), 1e-3) << step;
    optimizer.clear_gradients();
    loss.backward();
    optimizer.step(0.02);
  }
  const auto trained = on.foreign.method->to_disk(*on.model, on.foreign.adaptation);
  EXPECT_EQ(trained.size(), 16u);
  for (const auto& [name, tensor] : trained) {
    ASSERT_TRUE(golden.contains(name)) << name;
    EXPECT_LT(testing::relative_error(tensor, golden.at(name)), 1e-3) << name;
  }
}

// LoRA+: B at sixteen times the rate (tests/golden/make/methods_loraplus.py).
TEST(LanguageObjective, LoraPlusTakesTheStepsThatItTakesUnderPeft) {
  OnLlama on;
  const auto folder = source_dir() / "tests/golden/methods/peft_decoder";
  const auto golden = tensors_in(folder / "loraplus.safetensors"), said = tensors_in(folder / "trained.safetensors");
  const auto& ids = said.at("ids");
  TokenRows rows{
      ids, at::constant_pad_nd(said.at("labels").narrow(1, 1, 10), {0, 1}, -100), at::ones_like(ids, at::kBool), {}};
  LanguageObjective objective(on.decoder(), on.parameters, rows);
  const auto batch = rows_batch(rows, at::arange(4, at::kLong), 0, 0);
  train::Optimizer optimizer(on.parameters, {.rates = {{".lora.b", 16}}});
  for (int64_t step = 0; step < 20; ++step) {
    nn::Context context;
    context.training = true;
    const auto loss = objective.loss(batch, context) / batch.weight;
    EXPECT_NEAR(loss.item<double>(), golden.at("losses")[step].item<double>(), 1e-3) << step;
    optimizer.clear_gradients();
    loss.backward();
    optimizer.step(0.005);
  }
  for (const auto& [name, tensor] : on.foreign.method->to_disk(*on.model, on.foreign.adaptation))
    EXPECT_LT(testing::relative_error(tensor, golden.at(name)), 1e-3) << name;
}

TEST(LanguageObjective, ABlockThatRunsAgainHasTheSameGradients) {
  std::vector<at::Tensor> of_both;
  for (const bool recompute : {false, true}) {
    OnLlama on;
    const auto ids = torch::randint(3, 29, {2, 9}, at::kLong);
    ids.copy_(at::arange(18, at::kLong).view({2, 9}) + 3);
    LanguageObjective objective(on.decoder(), on.parameters);
    train::Batch batch;
    batch.input = {ids};
    batch.target = at::constant_pad_nd(ids.narrow(1, 1, 8), {0, 1}, -1);
    nn::Context context;
    context.training = true;
    context.recompute = recompute;
    objective.loss(batch, context).backward();
    std::vector<at::Tensor> gradients;
    for (const auto& [name, parameter] : on.parameters)
      gradients.push_back(parameter.grad().flatten());
    of_both.push_back(at::cat(gradients));
  }
  EXPECT_TRUE(torch::equal(of_both[0], of_both[1]));
}

data::Documents some_documents() {
  data::Documents all;
  int32_t next = 3;
  for (const size_t size : {4, 3, 9, 2, 5}) {
    data::Document document;
    for (size_t i = 0; i < size; ++i) {
      document.ids.push_back(3 + next++ % 26);
      document.targets.push_back(i % 3 != 2);
    }
    all.documents.push_back(document);
  }
  return all;
}

TEST(TokenRows, PackedTheLossIsThatOfTheDocumentsAlone) {
  const auto model = small_llama();
  const auto& decoder = dynamic_cast<const Decoder&>(model->reader());
  LanguageObjective objective(decoder, {});
  const auto loss_of = [&](const TokenRows& rows, int64_t& asked) {
    const torch::NoGradGuard no_grad;
    const auto batch = rows_batch(rows, at::arange(rows.ids.size(0), at::kLong), 0, 0);
    asked = static_cast<int64_t>(batch.weight);
    nn::Context context;
    return objective.loss(batch, context).item<double>();
  };
  int64_t packed_asked = 0, alone_asked = 0;
  const auto packed = token_rows(some_documents(), 10, true, 0), alone = token_rows(some_documents(), 10, false, 0);
  EXPECT_EQ(packed.ids.size(0), 3);  // 4 + 3, 9, 2 + 5
  EXPECT_EQ(alone.ids.size(0), 5);
  EXPECT_NEAR(loss_of(packed, packed_asked), loss_of(alone, alone_asked), 1e-4);
  EXPECT_EQ(packed_asked, alone_asked);
}

TEST(TokenRows, AskForWhatFollowsWithinADocument) {
  data::Documents two;
  two.documents = {{{5, 6, 7}, {1, 1, 0}, "a"}, {{8, 9}, {1, 1}, "b"}};
  const auto rows = token_rows(two, 6, true, 0);
  EXPECT_TRUE(torch::equal(rows.ids, torch::tensor({5, 6, 7, 8, 9}, at::kLong).view({1, 5})));
  EXPECT_TRUE(torch::equal(rows.targets, torch::tensor({6, -1, -1, 9, -1}, at::kLong).view({1, 5})));
  EXPECT_TRUE(torch::equal(rows.documents, torch::tensor({0, 0, 0, 1, 1}, at::kLong).view({1, 5})));
  const auto apart = token_rows(two, 6, false, 99);
  EXPECT_EQ(apart.ids[1][2].item<int64_t>(), 99);
  EXPECT_FALSE(apart.present[1][2].item<bool>());
  EXPECT_FALSE(apart.documents.defined());
  two.documents = {{{5}, {1}, "a"}};
  EXPECT_THROW(token_rows(two, 6, true, 0), DataError);
  EXPECT_THROW(token_rows({}, 6, false, 0), DataError);
}

TEST(TokenRows, BatchesComeInTheOrderOfTheirEpochAndWeighWhatIsAsked) {
  const auto rows = token_rows(some_documents(), 10, false, 0);
  TokenBatches batches(rows, 2, [](int64_t epoch) {
    return epoch == 0 ? std::vector<int64_t>{4, 0, 3, 1, 2} : std::vector<int64_t>{0, 1, 2, 3, 4};
  });
  const auto first = batches.next();
  EXPECT_EQ(first.examples[0].item<int64_t>(), 4);
  EXPECT_EQ(first.input.x.size(1), 5);  // of its longest
  EXPECT_EQ(first.weight, static_cast<double>(first.target.ge(0).sum().item<int64_t>()));
  batches.next();
  EXPECT_EQ(batches.next().examples.numel(), 1);
  EXPECT_EQ(batches.next().epoch, 1);
}

}  // namespace
}  // namespace graft::engine
