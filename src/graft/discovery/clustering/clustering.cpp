#include "graft/discovery/clustering/clustering.h"

#include "graft/discovery/asked.h"

#define CLUSTERING(name)              \
  namespace graft::discovery::name {  \
  extern const ClusteringEntry entry; \
  }
#include "graft/discovery/clustering/clusterings.def"
#undef CLUSTERING

namespace graft::discovery {

const std::vector<const ClusteringEntry*>& clusterings() {
#define CLUSTERING(name) &name::entry,
  static const std::vector<const ClusteringEntry*> all = {
#include "graft/discovery/clustering/clusterings.def"
  };
#undef CLUSTERING
  return all;
}

std::unique_ptr<Clustering> make_clustering(const std::string& text) {
  const auto [entry, values] = read_asked("clustering", "clustering", clusterings(), text);
  return entry.parse(values);
}

}  // namespace graft::discovery
