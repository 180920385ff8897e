// What many sets cost: COCO's JSON is read, photos that are there twice are found, or sets are made one and written,
// classes told apart by their names. With the JSON of bench/peers/merging_peer.py. Run in turn by
// bench/peers/merging.py.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/core/error.h"
#include "graft/detection/class_list.h"
#include "graft/detection/format.h"
#include "graft/detection/mapping_proposals.h"
#include "graft/detection/merge.h"
#include "graft/detection/twins.h"
#include "measure.h"

namespace {

using namespace graft;

struct Options {
  std::string what, merged;
  std::vector<std::string> sets;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("what", o.what, "read, dedupe or merge");
  visit("sets", o.sets, "COCO's JSON, one or many");
  visit("merged", o.merged, "file to write");
}

detection::Set read(const std::string& path) {
  detection::Findings findings;
  return detection::read_set(path, findings);
}

nlohmann::json merged(const Options& options) {
  std::vector<detection::ClassList> lists;
  for (const auto& path : options.sets) {
    detection::Findings findings;
    lists.push_back({path, detection::read_classes(path, findings, "")});
  }
  const auto mapping = detection::propose_union(lists, {});
  detection::Merger merger(mapping, {});
  for (const auto& path : options.sets)
    merger.add(path, read(path), {});
  const auto set = merger.finish();
  detection::find_format("coco").write(set, options.merged);
  return {{"images", set.images.size()}, {"boxes", set.annotations.size()}};
}

nlohmann::json deduped(const Options& options) {
  const auto set = read(options.sets.front());
  detection::Findings findings;
  const auto twins = detection::find_twins({detection::marked(set, {}, findings)});
  return {{"images", set.images.size() - twins.size()}, {"boxes", set.annotations.size()}};
}

nlohmann::json only_read(const Options& options) {
  const auto set = read(options.sets.front());
  return {{"images", set.images.size()}, {"boxes", set.annotations.size()}};
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = bench::parse<Options>("bench_merging", argc, argv);
  const double begin = bench::now();
  auto row = options.what == "merge"    ? merged(options)
             : options.what == "dedupe" ? deduped(options)
                                        : only_read(options);
  row["seconds"] = bench::now() - begin;
  row["peak_mb"] = bench::peak_mb();
  fmt::print("{}\n", row.dump());
}
