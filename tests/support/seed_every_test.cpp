// Every test of a program that uses libtorch starts from the same random numbers, also what its fixture's members draw:
// libtorch seeds its generator anew in each process.
#include <ATen/Context.h>
#include <gtest/gtest.h>

namespace {

class SeedEveryTest final : public ::testing::EmptyTestEventListener {
  void OnTestStart(const ::testing::TestInfo&) override { at::manual_seed(1); }
};

const bool kListens = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new SeedEveryTest);
  return true;
}();

}  // namespace
