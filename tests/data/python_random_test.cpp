#include "graft/data/python_random.h"

#include <gtest/gtest.h>

#include "tests/data/golden_images.h"

namespace graft::data {
namespace {

TEST(PythonRandom, DrawsWhatCPythonDraws) {
  const auto goldens = golden::read("python_random.json");
  for (const auto& golden : goldens.at("draws")) {
    PythonRandom random(golden["seed"].get<std::uint64_t>());
    for (const double expected : golden["random"])
      EXPECT_EQ(random.random(), expected);
    for (const auto& [bits, expected] : golden["bits"].get<std::vector<std::pair<int, std::string>>>()) {
      EXPECT_EQ(std::to_string(random.getrandbits(bits)), expected) << bits;
    }
    for (const auto& [n, expected] : golden["below"].get<std::vector<std::pair<std::uint64_t, std::uint64_t>>>()) {
      EXPECT_EQ(random.randbelow(n), expected) << n;
    }
    for (const auto& sample : golden["sample"]) {
      EXPECT_EQ(random.sample(sample[0], sample[1]), sample[2].get<std::vector<std::size_t>>()) << sample;
    }
    std::vector<int> items(12);
    for (int i = 0; i < 12; ++i)
      items[i] = i;
    random.shuffle(items);
    EXPECT_EQ(items, golden["shuffle"].get<std::vector<int>>());
    EXPECT_EQ(random.choices(7, 5), golden["choices"].get<std::vector<std::size_t>>());
  }
}

}  // namespace
}  // namespace graft::data
