#include "graft/detection/carried.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace graft::detection {
namespace {

TEST(CarriedText, GivesBackWhatItWasGivenInMemoryAndOutOfIt) {
  CarriedText carried(100);
  std::vector<Text> places;
  for (int k = 0; k < 500; ++k)
    places.push_back(carried.add(std::string(static_cast<std::size_t>(k % 37) + 1, static_cast<char>('a' + k % 26))));
  for (int k = 0; k < 500; ++k)
    EXPECT_EQ(carried.at(places[static_cast<std::size_t>(k)]),
              std::string(static_cast<std::size_t>(k % 37) + 1, static_cast<char>('a' + k % 26)));
}

TEST(CarriedText, AnEmptyTextHasNoPlace) {
  CarriedText carried;
  EXPECT_EQ(carried.add(""), kNoText);
  EXPECT_EQ(carried.at(kNoText), "");
}

}  // namespace
}  // namespace graft::detection
