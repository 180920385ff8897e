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
  CarriedText::InOrder in_order(carried);
  for (int k = 0; k < 500; ++k) {
    const std::string expected(static_cast<std::size_t>(k % 37) + 1, static_cast<char>('a' + k % 26));
    EXPECT_EQ(carried.at(places[static_cast<std::size_t>(k)]), expected);
    EXPECT_EQ(in_order.at(places[static_cast<std::size_t>(k)]), expected);
  }
  EXPECT_EQ(in_order.at(places[3]), "dddd");  // another order costs time alone
}

TEST(CarriedText, GivesBackTextsThatAreLongerThanWhatItReadsAtOnce) {
  CarriedText carried(300'000);
  std::vector<Text> places;
  const std::vector<std::size_t> lengths = {1,       70'000, 252,    253,
                                            200'000, 65'532, 65'533, 3};  // the last stay in memory
  for (const auto length : lengths)
    places.push_back(carried.add(std::string(length, static_cast<char>('a' + length % 26))));
  CarriedText::InOrder in_order(carried);
  for (std::size_t k = 0; k < lengths.size(); ++k) {
    const std::string expected(lengths[k], static_cast<char>('a' + lengths[k] % 26));
    EXPECT_EQ(carried.at(places[k]), expected);
    EXPECT_EQ(in_order.at(places[k]), expected);
  }
  EXPECT_EQ(in_order.at(kNoText), "");
}

TEST(CarriedText, AnEmptyTextHasNoPlace) {
  CarriedText carried;
  EXPECT_EQ(carried.add(""), kNoText);
  EXPECT_EQ(carried.at(kNoText), "");
}

}  // namespace
}  // namespace graft::detection
