// What every way to learn from a teacher promises, and what the papers' formulas give
// (tests/golden/make/distillation.py).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "graft/core/error.h"
#include "graft/plugins/distillation/distillation.h"
#include "tests/support/gradient_check.h"
#include "tests/support/source_dir.h"
#include "tests/support/tiny_models.h"

namespace graft::plugins {
namespace {

at::Tensor rows_of(int64_t count, int64_t width, uint64_t seed) {
  return graft::testing::random_tensor({count, width}, seed).to(at::kDouble);
}

class DistillationContract : public ::testing::TestWithParam<const DistillationEntry*> {
 protected:
  // Ready to compare rows of so many numbers.
  std::unique_ptr<Distillation> made(int64_t student, int64_t teacher) {
    auto one = GetParam()->parse({});
    for (auto& [name, parameter] : one->prepare(student, teacher, Random(5)))
      parameter.set_data(parameter.detach().to(at::kDouble));
    return one;
  }
  // Widths that it can compare with its student's.
  std::vector<int64_t> widths(const Distillation& of) const {
    return of.compares() == Compared::answers ? std::vector<int64_t>{6} : std::vector<int64_t>{6, 4, 9};
  }
};

TEST_P(DistillationContract, ItsGradientsAreThoseOfDifferences) {
  for (const auto width : widths(*made(6, 6))) {
    auto by = GetParam()->parse({});
    std::vector<at::Tensor> trained = {rows_of(5, 6, 1).requires_grad_()};
    for (auto& [name, parameter] : by->prepare(6, width, Random(5))) {
      parameter.set_data(parameter.detach().to(at::kDouble));
      trained.push_back(parameter);
    }
    const auto teacher = rows_of(5, width, 2);
    graft::testing::expect_gradients_of_differences([&] { return by->sum(trained.front(), teacher); }, trained);
  }
}

TEST_P(DistillationContract, CostsNothingWhereTheStudentSaysWhatItsTeacherSays) {
  const auto by = made(6, 6);
  const auto teacher = rows_of(5, 6, 2);
  const auto student = teacher.clone().requires_grad_();
  const auto sum = by->sum(student, teacher);
  EXPECT_EQ(sum.dim(), 0);
  EXPECT_NEAR(sum.item<double>(), 0, 1e-10);
  sum.backward();
  EXPECT_LT(student.grad().abs().max().item<double>(), 1e-7);
  EXPECT_GT(by->sum(rows_of(5, 6, 3), teacher).item<double>(), 0.01);
}

TEST_P(DistillationContract, AStepTowardsItCostsLess) {
  const auto by = made(6, 6);
  const auto teacher = rows_of(5, 6, 2);
  auto student = rows_of(5, 6, 3).requires_grad_();
  const auto before = by->sum(student, teacher);
  before.backward();
  const torch::NoGradGuard no_grad;
  EXPECT_LT(by->sum(student - 1e-3 * student.grad(), teacher).item<double>(), before.item<double>());
}

// Numbers of ten thousand of either sign, all alike, and two examples that are one.
TEST_P(DistillationContract, IsFiniteWithItsGradientForNumbersOfAnySize) {
  const at::Tensor sizes = torch::tensor({{1e4, -1e4, 0.0}, {-1e4, 1e4, 1e4}, {1e4, 1e4, 1e4}, {1e4, 1e4, 1e4}});
  for (const auto type : {at::kFloat, at::kDouble, at::kBFloat16}) {
    for (const auto& [ours, theirs] : {std::pair(sizes, sizes.flip(0)), std::pair(sizes.flip(1), 1e-3 * sizes),
                                       std::pair(1e-3 * sizes, sizes), std::pair(torch::ones({4, 3}), sizes)}) {
      const auto student = ours.to(type, false, /*copy=*/true).requires_grad_();
      const auto by = GetParam()->parse({});
      by->prepare(3, 3, Random(1));
      const auto sum = by->sum(student, theirs);
      sum.backward();
      EXPECT_TRUE(sum.isfinite().item<bool>()) << type;
      EXPECT_TRUE(student.grad().isfinite().all().item<bool>()) << type << student.grad();
      EXPECT_LT(student.grad().abs().max().item<double>(), 1e9) << type << student.grad();
    }
  }
}

TEST_P(DistillationContract, ABatchOfOneIsFinite) {
  const auto by = made(6, 6);
  const auto student = rows_of(1, 6, 1).requires_grad_();
  const auto sum = by->sum(student, rows_of(1, 6, 2));
  sum.backward();
  EXPECT_TRUE(sum.isfinite().item<bool>());
  EXPECT_TRUE(student.grad().isfinite().all().item<bool>());
}

TEST_P(DistillationContract, NamesItsPaperAndRefusesOthersOptionsAndNumbersThatAreNone) {
  EXPECT_THAT(GetParam()->paper, ::testing::HasSubstr("arXiv:"));
  const std::string name = GetParam()->name;
  EXPECT_NO_THROW(make_distillation(name));
  EXPECT_THROW(make_distillation(name + ":of-none=1"), ConfigError);
  for (const auto& info : GetParam()->options()) {
    if (info.type != "number") continue;
    for (const char* none : {"nan", "inf", "-1", "x"})
      EXPECT_THROW(make_distillation(name + ":" + info.name + "=" + none), ConfigError) << info.name << " " << none;
  }
}

INSTANTIATE_TEST_SUITE_P(Distillations, DistillationContract, ::testing::ValuesIn(distillations()),
                         [](const auto& info) {
                           std::string name = info.param->name;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Distillations, AMisspeltNameIsToldTheNearestAndSeveralAreRefused) {
  try {
    make_distillation("relatoinal");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("Did you mean 'relational'?"));
  }
  EXPECT_THROW(make_distillation("kl,relational"), ConfigError);
  EXPECT_THROW(make_distillation(""), ConfigError);
}

at::Tensor written(const nlohmann::json& rows) {
  std::vector<at::Tensor> all;
  for (const auto& row : rows)
    all.push_back(torch::tensor(row.get<std::vector<double>>(), at::kDouble));
  return at::stack(all);
}

TEST(DistillationPeers, EachGivesWhatItsPapersFormulaGives) {
  std::ifstream file(source_dir() / "tests/golden/distillation.json");
  const auto golden = nlohmann::json::parse(file);
  std::set<std::string> seen;
  for (const auto& c : golden["cases"]) {
    const std::string text = c["distil"];
    const auto& rows = golden[c["compares"].get<std::string>()];
    const auto student = written(rows["student"]), teacher = written(rows[c["teacher"].get<std::string>()]);
    const auto by = make_distillation(text);
    EXPECT_TRUE(by->prepare(student.size(1), teacher.size(1), Random(1)).empty()) << text;
    const double sum = c["sum"];
    EXPECT_NEAR(by->sum(student, teacher).item<double>(), sum, 1e-11 * std::abs(sum)) << text;
    EXPECT_NEAR(by->sum(student.to(at::kFloat), teacher.to(at::kFloat)).item<double>(), sum, 1e-5 * std::abs(sum))
        << text;
    seen.insert(text.substr(0, text.find(':')));
  }
  for (const auto* entry : distillations())
    EXPECT_TRUE(seen.contains(entry->name)) << entry->name;
}

}  // namespace
}  // namespace graft::plugins
