#include "graft/discovery/clustering/spectral/spectral.h"

#include "graft/discovery/clustering/count.h"
#include "tests/discovery/blobs.h"

namespace graft::discovery {
namespace {

// The space that columns span in the geometry of the degrees, where eigenvectors are orthonormal: it does not know of
// signs, nor of rotations among equal eigenvalues.
at::Tensor projector(const at::Tensor& embedding, const at::Tensor& degree) {
  auto y = embedding * degree.sqrt().unsqueeze(1);
  y = y / y.norm(2, 0, true);
  return at::mm(y, y.t());
}

TEST(Spectral, EmbeddingIsScikitLearnsUpToSignAndRotation) {
  for (const auto* blobs : kBlobs) {
    const auto key = std::string("blobs.") + blobs + "/";
    const auto rows = golden(key + "rows"), theirs = golden(key + "embedding"), degree = golden(key + "degree");
    const auto neighbours = golden(key + "neighbours").item<int64_t>();
    const auto expected = projector(theirs, degree);
    for (const auto way : {EigenWay::dense, EigenWay::iterated}) {
      const auto ours = spectral::embed(rows, theirs.size(1), theirs.size(1), neighbours, Random(2), way);
      EXPECT_LT(largest_difference(projector(ours.rows, degree), expected), 1e-6) << blobs;
    }
  }
}

TEST(Spectral, PartsThatNothingJoinsAreTheClusters) {
  const auto clusters = make_clustering("spectral:neighbours=8")->cluster(golden("blobs.apart/rows"), 3, Random(1));
  EXPECT_TRUE(same_parts(clusters.of, golden("blobs.apart/labels")));
  EXPECT_NEAR(clusters.eigenvalues[2], 0, 1e-10);
  EXPECT_GT(clusters.eigenvalues[3], 0.01);
}

TEST(Spectral, EigenvaluesLeapBehindTheCount) {
  const auto embedded = spectral::embed(golden("blobs.apart/rows"), 12, 12, 8, Random(1));
  const auto* first = embedded.values.const_data_ptr<double>();
  EXPECT_EQ(count_by_eigengap({first, first + 12}), 3);
  EXPECT_EQ(count_by_eigengap({0.0}), 1);
  EXPECT_EQ(count_by_eigengap({0.0, 0.1, 0.9}), 2);
}

TEST(Spectral, OneRowIsOneCluster) {
  const auto clusters = make_clustering("spectral")->cluster(torch::ones({1, 4}), 1, Random(1));
  EXPECT_EQ(clusters.of, std::vector<int64_t>{0});
}

TEST(Neighbours, AreTheExactOnesInBlocks) {
  const auto rows = golden("blobs.joined/rows");
  const auto near = nearest_rows(rows, 6);
  const auto distances = at::cdist(rows.to(at::kDouble), rows.to(at::kDouble));
  for (int64_t row = 0; row < rows.size(0); ++row) {
    EXPECT_EQ(near[row][0].item<int64_t>(), row);
    const auto least = std::get<0>(distances[row].sort()).narrow(0, 0, 6);
    EXPECT_LT(largest_difference(distances[row].index_select(0, near[row]), least), 1e-4) << row;
  }
}

}  // namespace
}  // namespace graft::discovery
