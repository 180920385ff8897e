// K-means by small batches (Sculley 2010, "Web-Scale K-Means Clustering"): each drawn point moves its nearest centre
// towards itself by one over the number of points that the centre has had. For more rows than Lloyd's steps are worth.
#pragma once

#include "graft/discovery/clustering/clustering.h"

namespace graft::discovery::mini_batch {

struct Options {
  int64_t batch = 1024;
  int64_t epochs = 10;
  int64_t restarts = 3;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("batch", o.batch, "rows a step, drawn with replacement");
  visit("epochs", o.epochs, "how often as many rows are drawn as there are");
  visit("restarts", o.restarts, "runs from new centres, of which the best on all rows is kept");
}

extern const ClusteringEntry entry;

}  // namespace graft::discovery::mini_batch
