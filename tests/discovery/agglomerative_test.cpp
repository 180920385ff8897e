#include "graft/discovery/clustering/agglomerative/agglomerative.h"

#include <set>

#include "graft/core/error.h"
#include "graft/nn/tensor_file.h"
#include "tests/discovery/blobs.h"

namespace graft::discovery {
namespace {

// tests/golden/make/agglomerative.py
TEST(Agglomerative, MakesTheClustersOfScikitLearn) {
  const auto theirs = nn::read_tensors(source_dir() / "tests/golden/agglomerative.safetensors");
  for (const auto* blobs : kBlobs) {
    const auto rows = golden(std::string("blobs.") + blobs + "/rows");
    for (const auto* linkage : {"ward", "average", "complete"}) {
      for (const int64_t count : {2, 4, 9}) {
        const auto key = std::string(blobs) + "/" + linkage + "/" + std::to_string(count);
        const auto ours =
            make_clustering(std::string("agglomerative:linkage=") + linkage)->cluster(rows, count, Random(1));
        EXPECT_TRUE(same_parts(ours.of, theirs.at(key))) << key;
      }
    }
  }
}

TEST(Agglomerative, TakesEqualRowsAndAnyCount) {
  const auto rows = torch::ones({5, 3});
  const auto way = make_clustering("agglomerative");
  for (const int64_t count : {1, 4, 5}) {
    const auto of = way->cluster(rows, count, Random(1)).of;
    EXPECT_EQ(std::set<int64_t>(of.begin(), of.end()).size(), static_cast<size_t>(count));
  }
  EXPECT_EQ(way->cluster(torch::ones({1, 3}), 1, Random(1)).of, std::vector<int64_t>(1, 0));
}

TEST(Agglomerative, RefusesMoreRowsThanItsDistancesHavePlaceFor) {
  const auto many = torch::zeros({agglomerative::kMostRows + 1, 1});
  try {
    make_clustering("agglomerative")->cluster(many, 2, Random(1));
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("30001 rows"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace graft::discovery
