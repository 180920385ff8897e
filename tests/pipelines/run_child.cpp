// A run in a process of its own, to be killed or starved by the tests: run_child WORLD OUTPUT [LARGEST_FILE_BYTES].
// Starts the run, or goes on with it where there is one.
#include <signal.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

#include "graft/core/error.h"
#include "graft/pipelines/adapt.h"
#include "tests/support/tiny_world.h"

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  if (argc > 3) {
    const auto bytes = static_cast<rlim_t>(std::atoll(argv[3]));
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_IGN);  // a write beyond it then fails as on a full disk
  }
  try {
    const std::filesystem::path output(argv[2]);
    graft::engine::AdaptOptions options = graft::testing::tiny_run(argv[1], "lora");
    options.train.augmentation = graft::methods::Augmentation::crop_flip;
    options.train.epochs = 30;
    options.train.checkpoint_every = 1;
    options.output = output.string();
    if (std::filesystem::exists(output / "config.yaml")) {
      options = {};
      options.resume = output.string();
    }
    graft::Silent silent;
    graft::OptionValues method_options;
    if (options.resume.empty()) method_options = {{"rank", "1"}, {"dropout", "0.1"}};
    graft::pipelines::adapt(options, method_options, {}, silent);
    return 0;
  } catch (const graft::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.exit_code();
  }
}
