#include "graft/discovery/clustering/mini_batch/mini_batch.h"

#include <set>

#include "graft/core/error.h"
#include "graft/discovery/clustering/kmeans/kmeans.h"
#include "tests/discovery/blobs.h"

namespace graft::discovery {
namespace {

double squares_of(const Clusters& clusters) {
  return (clusters.points - clusters.centres.index_select(0, torch::tensor(clusters.of))).square().sum().item<double>();
}

TEST(MiniBatch, IsAboutAsGoodAsScikitLearnsKMeans) {
  for (const auto* blobs : kBlobs) {
    const auto key = std::string("blobs.") + blobs + "/";
    const auto labels = golden(key + "kmeans.labels");
    const auto found = make_clustering("mini-batch:batch=32,epochs=20")
                           ->cluster(golden(key + "rows"), labels.max().item<int64_t>() + 1, Random(1));
    const double theirs = golden(key + "kmeans.inertia").item<double>();
    EXPECT_LT(squares_of(found), 1.05 * theirs) << blobs;
    EXPECT_GE(squares_of(found), (1 - 1e-6) * theirs) << blobs;
  }
  const auto apart = make_clustering("mini-batch")->cluster(golden("blobs.apart/rows"), 3, Random(2));
  EXPECT_TRUE(same_parts(apart.of, golden("blobs.apart/kmeans.labels")));
}

TEST(MiniBatch, TheSameSeedGivesTheSameAndNoClusterIsEmpty) {
  const auto rows = golden("blobs.joined/rows");
  const auto way = make_clustering("mini-batch:batch=16,epochs=3");
  EXPECT_EQ(way->cluster(rows, 4, Random(5)).of, way->cluster(rows, 4, Random(5)).of);
  const auto equal = way->cluster(torch::ones({7, 2}), 5, Random(1)).of;
  EXPECT_EQ(std::set<int64_t>(equal.begin(), equal.end()).size(), 5u);
  EXPECT_THROW(make_clustering("mini-batch:batch=0"), ConfigError);
}

}  // namespace
}  // namespace graft::discovery
