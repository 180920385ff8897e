#include "graft/discovery/clustering/kmeans/kmeans.h"

#include <set>

#include "graft/discovery/clustering/count.h"
#include "tests/discovery/blobs.h"

namespace graft::discovery {
namespace {

TEST(KMeans, IsAsGoodAsScikitLearnsAndThePartsAreTheSame) {
  for (const auto* blobs : kBlobs) {
    const auto key = std::string("blobs.") + blobs + "/";
    const auto rows = golden(key + "rows"), labels = golden(key + "kmeans.labels");
    const auto count = labels.max().item<int64_t>() + 1;
    const auto means = kmeans::run(rows, count, {.restarts = 20}, Random(1));
    const double theirs = golden(key + "kmeans.inertia").item<double>();
    EXPECT_NEAR(means.sum, theirs, 1e-6 * theirs) << blobs;
    EXPECT_TRUE(same_parts(means.of, labels)) << blobs;
  }
}

TEST(KMeans, ClustersComeInOrderOfSizeAndTheSameSeedGivesTheSame) {
  const auto rows = golden("blobs.apart/rows");
  const auto one = make_clustering("kmeans")->cluster(rows, 3, Random(4));
  std::vector<int64_t> sizes(3, 0);
  for (const auto cluster : one.of)
    ++sizes[static_cast<size_t>(cluster)];
  EXPECT_EQ(sizes, (std::vector<int64_t>{40, 30, 25}));
  EXPECT_EQ(one.of, make_clustering("kmeans")->cluster(rows, 3, Random(4)).of);
  const auto own = rows.to(at::kDouble).index_select(0, torch::tensor(one.of).eq(1).nonzero().squeeze(1)).mean(0);
  EXPECT_LT(largest_difference(one.centres[1], own), 1e-12);
}

TEST(KMeans, LeavesNoClusterEmptyWhereRowsAreEqual) {
  const auto rows = torch::ones({5, 3});
  const auto clusters = make_clustering("kmeans")->cluster(rows, 4, Random(1));
  EXPECT_EQ(std::set<int64_t>(clusters.of.begin(), clusters.of.end()).size(), 4u);
  EXPECT_EQ(make_clustering("kmeans")->cluster(rows, 1, Random(1)).of, std::vector<int64_t>(5, 0));
}

TEST(Silhouette, IsScikitLearns) {
  for (const auto* blobs : kBlobs) {
    const auto key = std::string("blobs.") + blobs + "/";
    const auto labels = golden(key + "labels");
    const auto* of = labels.const_data_ptr<int64_t>();
    EXPECT_NEAR(silhouette(golden(key + "rows"), {of, of + labels.numel()}), golden(key + "silhouette").item<double>(),
                1e-6);
  }
}

}  // namespace
}  // namespace graft::discovery
