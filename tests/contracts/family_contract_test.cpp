// What every family of models promises, asked of a tiny one of each that is listed.
#include <gmock/gmock.h>
#include <torch/types.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "graft/core/error.h"
#include "tests/contracts/on_tiny.h"
#include "tests/support/gradient_check.h"

namespace graft::testing {
namespace {

constexpr int64_t kCount = 3;

const models::Family& family_named(const std::string& name) {
  for (const auto& family : models::families()) {
    if (family.name == name) return family;
  }
  throw InternalError("test", "models.def and the families' own names differ: {}", name);
}

class FamilyContract : public ::testing::TestWithParam<TinyFamily> {
 protected:
  std::shared_ptr<models::Model> model() const { return tiny_model(GetParam()); }
  nn::Value examples(int64_t count = kCount) const { return GetParam().checkpoint(1).examples(count, 1); }
  torch::NoGradGuard no_grad_;
};

TEST_P(FamilyContract, IsTheOneThatRecognisesItsCheckpoint) {
  const auto checkpoint = GetParam().checkpoint(1);
  const auto weights = checkpoint.weights();
  for (const auto& family : models::families()) {
    EXPECT_EQ(family.recognises(checkpoint.folder, weights), std::string(family.name) == GetParam().name)
        << family.name;
  }
  EXPECT_EQ(model()->info().family, family_named(GetParam().name).name);
}

TEST_P(FamilyContract, WritesItsCheckpointBackAndReadsThatAsTheSameModel) {
  const auto first = model();
  auto checkpoint = GetParam().checkpoint(1);
  const auto written = first->to_checkpoint();
  for (const auto& [name, tensor] : written) {
    ASSERT_TRUE(checkpoint.tensors.contains(name)) << name;
    EXPECT_TRUE(torch::equal(tensor, checkpoint.tensors.at(name))) << name;
  }
  checkpoint.tensors = written;
  const auto again = checkpoint.load();
  EXPECT_EQ(again->info().fingerprint, first->info().fingerprint);
  EXPECT_EQ(again->info().description, first->info().description);
  EXPECT_TRUE(torch::equal(again->reader().encode(examples(), {}), first->reader().encode(examples(), {})));
  EXPECT_NE(GetParam().checkpoint(2).load()->info().fingerprint, first->info().fingerprint);
}

TEST_P(FamilyContract, NamesATensorThatIsMissingOrLeftOver) {
  for (const bool missing : {true, false}) {
    auto checkpoint = GetParam().checkpoint(1);
    std::string name = "a.stray.weight";
    if (missing) {
      name = checkpoint.tensors.begin()->first;
      for (const auto& [other, tensor] : checkpoint.tensors) {
        if (other.find(".1.") != other.npos) name = other;  // of a block: what tells the family stays
      }
      checkpoint.tensors.erase(name);
    } else {
      checkpoint.tensors[name] = torch::zeros({1});
    }
    try {
      checkpoint.load();
      FAIL() << name << (missing ? " was not missed" : " was taken");
    } catch (const ModelError& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(name));
    }
  }
}

TEST_P(FamilyContract, ListsItsSitesInOrderEachUnderAPathOfItsOwn) {
  const auto model = this->model();
  std::set<std::string> paths;
  std::map<nn::Tower, nn::Place> reached;
  for (auto* joint : model->joints()) {
    const auto& site = joint->site();
    EXPECT_TRUE(paths.insert(site.path).second) << site.path << " twice";
    EXPECT_EQ(&model->joint(site.path), joint);
    EXPECT_TRUE(site.path.starts_with(to_string(site.tower) + ".")) << site.path;
    EXPECT_TRUE(model->tower(site.tower)) << site.path;
    EXPECT_GT(site.in, 0) << site.path;
    EXPECT_GT(site.out, 0) << site.path;
    EXPECT_EQ(site.part.empty(), site.block < 0) << site.path;
    EXPECT_GE(site.place, reached[site.tower]) << site.path << " comes before what stands below it";
    EXPECT_LE(site.place, model->reader().last()) << site.path;
    reached[site.tower] = site.place;
    for (const auto& slice : site.slices) {
      EXPECT_LT(slice.begin, slice.end) << site.path;
      EXPECT_LE(slice.end, site.out) << site.path;
    }
  }
}

TEST_P(FamilyContract, NamesItsPlacesAndFindsThemByName) {
  const auto model = this->model();
  const auto& tower = model->reader();
  for (nn::Place place = 0; place <= tower.last(); ++place)
    EXPECT_EQ(tower.place_named("test", tower.name_of(place)), place) << tower.name_of(place);
  EXPECT_EQ(tower.name_of(1), "tokens");
  EXPECT_THROW(tower.place_named("test", fmt::format("block.{}", tower.blocks())), UsageError);
}

TEST_P(FamilyContract, RunFromPlaceToPlaceComposes) {
  const auto model = this->model();
  auto& tower = model->reader();
  const auto whole = tower.encode(examples(), {});
  EXPECT_EQ(whole.sizes().vec(), (std::vector<int64_t>{kCount, tower.width(tower.last())}));
  for (nn::Place place = 0; place <= tower.last(); ++place) {
    const auto there = tower.run(examples(), 0, place, {});
    EXPECT_LT(relative_error(tower.run(there, place, tower.last(), {}).x, whole), 1e-5) << place;  // float32
    if (place == 0) continue;
    EXPECT_EQ(there.x.size(-1), tower.width(place)) << place;
    EXPECT_EQ(tower.rows(there).sizes().vec(), (std::vector<int64_t>{kCount, tower.width(place)})) << place;
    if (there.x.dim() == 3) {
      EXPECT_EQ(there.layout.total(), there.x.size(1)) << place;
    }
  }
}

TEST_P(FamilyContract, GivesAnExampleItsFeaturesInAnyCompany) {
  const auto model = this->model();
  const auto all = examples();
  const auto features = model->reader().encode(all, {});
  const auto row = [](const at::Tensor& x, int64_t i) { return x.defined() ? x.narrow(0, i, 1) : x; };
  const auto frames = all.layout.frames;
  for (int64_t i = 0; i < kCount; ++i) {
    const nn::Value alone{all.x.narrow(0, i * frames, frames), all.layout, row(all.present, i), row(all.types, i)};
    EXPECT_LT(relative_error(model->reader().encode(alone, {}), features.narrow(0, i, 1)), 1e-5) << i;  // float32
  }
}

TEST_P(FamilyContract, AParameterChangesNothingBelowItsPlace) {
  const auto model = this->model();
  auto& tower = model->reader();
  std::vector<std::string> names;
  for (const auto& parameter : model->named_parameters())
    names.push_back(parameter.key());
  model->freeze_all_but(names);  // nothing is packed
  std::vector<at::Tensor> before;
  for (nn::Place place = 0; place <= tower.last(); ++place)
    before.push_back(tower.run(examples(), 0, place, {}).x.clone());
  auto parameters = model->named_parameters();
  for (const auto& name : names) {
    const auto place = model->place_of(name);
    auto values = parameters[name].detach();
    const auto own = values.clone();
    values.add_(torch::linspace(0.1, 0.3, values.numel()).view_as(values));
    EXPECT_TRUE(torch::equal(tower.run(examples(), 0, place, {}).x, before[place])) << name << " below " << place;
    const bool changes = !torch::equal(tower.encode(examples(), {}), before.back());
    const bool is_of_reader = model->tower_of(name) == tower.name() && name != "logit_scale";
    if (!is_of_reader || place < tower.last()) {
      EXPECT_EQ(changes, is_of_reader) << name;
    }
    values.copy_(own);
  }
}

TEST_P(FamilyContract, IsFrozenUntilSomethingIsToTrain) {
  const auto model = this->model();
  for (const auto& parameter : model->named_parameters())
    EXPECT_FALSE(parameter.value().requires_grad()) << parameter.key();
  const auto name = model->named_parameters().begin()->key();
  model->freeze_all_but({name});
  for (const auto& parameter : model->named_parameters())
    EXPECT_EQ(parameter.value().requires_grad(), parameter.key() == name) << parameter.key();
}

INSTANTIATE_TEST_SUITE_P(Families, FamilyContract, ::testing::ValuesIn(tiny_families()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace graft::testing
