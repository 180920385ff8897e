// Spectral clustering (Ng, Jordan & Weiss 2001; von Luxburg 2007, arXiv:0711.0189) as COMUS does it (Zadaianchuk et al.
// 2023, arXiv:2207.05027) and scikit-learn's SpectralClustering: k-means on the smallest eigenvectors of the normalised
// Laplacian of the graph of nearest neighbours, each divided by the square root of the degrees; the first is kept.
// Where there are fewer than twice as many rows as neighbours half of them are joined: a graph that joins all tells
// nothing.
#pragma once

#include "graft/discovery/clustering/clustering.h"
#include "graft/discovery/clustering/eigenpairs.h"
#include "graft/discovery/clustering/kmeans/kmeans.h"

namespace graft::discovery::spectral {

struct Options {
  int64_t neighbours = 30;
  kmeans::Options means;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("neighbours", o.neighbours, "rows that each is joined with, itself among them; of few rows half of them");
  fields(visit, o.means);
}

struct Embedding {
  at::Tensor rows;    // [n, count] float64; of each column the largest number by size is positive
  at::Tensor values;  // [count]
};
// Of the first `exact` columns the numbers are settled, of the others only `values` are.
Embedding embed(const at::Tensor& rows, int64_t count, int64_t exact, int64_t neighbours, const Random& random,
                EigenWay way = EigenWay::automatic);

extern const ClusteringEntry entry;

}  // namespace graft::discovery::spectral
