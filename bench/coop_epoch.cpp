// An epoch of CoOp (Zhou et al. 2022) as `graft adapt` runs it: 16 learned words, batch 32, no augmentation, so that
// image features are kept. Encoding the photos once is timed apart. The peer is peers/coop_epoch.py.
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "graft/pipelines/adapt.h"
#include "graft/tensor/kept_memory.h"
#include "graft/tensor/precision.h"
#include "measure.h"

namespace {

using namespace graft;

struct Options {
  std::string model, data;
  std::string precision = "bf16";
  int64_t epochs = 3;
  int64_t batch = 32;
  int64_t threads = 2;
};
template <class Visitor>
void fields(Visitor& visit, Options& o) {
  visit("model", o.model, "folder of a CLIP");
  visit("data", o.data, "table of photos");
  visit("precision", o.precision, "of the frozen weights");
  visit("epochs", o.epochs, "timed together");
  visit("batch", o.batch, "photos a step");
  visit("threads", o.threads, "threads");
}

}  // namespace

int main(int argc, char** argv) {
  tensor::keep_tensor_memory();  // as the program does
  const auto o = bench::parse<Options>("coop_epoch", argc, argv);

  const auto request = engine::read_adapt_request({{"model", o.model},
                                                   {"data", o.data},
                                                   {"method", "coop"},
                                                   {"length", "16"},
                                                   {"precision", o.precision},
                                                   {"threads", std::to_string(o.threads)},
                                                   {"workers", std::to_string(o.threads)},
                                                   {"epochs", std::to_string(o.epochs)},
                                                   {"batch-size", std::to_string(o.batch)},
                                                   {"augment", "none"},
                                                   {"cache", "false"}});
  Silent silent;
  engine::Session session(request.options.model, request.options.data, {}, silent);
  const auto photos = static_cast<int64_t>(session.dataset().train.size());
  const auto train = session.source(session.dataset(), data::Split::train, {}, nullptr);
  const double begin = bench::now();
  session.encoder().features(*train, session.model()->reader().last(), silent);
  const double encoding = bench::now() - begin;

  const auto result = pipelines::adapt(session, request.options, request.method_options, silent);
  const double epoch = result.train_seconds / static_cast<double>(o.epochs);
  const nlohmann::json row = {{"peer", "graft"},
                              {"work", "coop epoch"},
                              {"precision", o.precision},
                              {"cpu", tensor::describe_cpu()},
                              {"photos", photos},
                              {"steps_an_epoch", result.steps / o.epochs},
                              {"epoch_s", epoch},
                              {"encoding_s", encoding},
                              {"images_per_s", static_cast<double>(photos) / epoch},
                              {"images_per_s_first_epoch", static_cast<double>(photos) / (epoch + encoding)},
                              {"peak_mb", bench::peak_mb()}};
  fmt::print("{}\n", row.dump());
}
