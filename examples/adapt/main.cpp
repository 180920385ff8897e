// Adapts a frozen CLIP to a folder of photos with LoRA, as a library user would: no command line, no global state.
//   adapt_example MODEL PHOTOS
#include <fmt/core.h>
#include <graft/pipelines/adapt.h>
#include <graft/tasks/accuracy.h>

#include <string_view>

namespace {

class ToTheTerminal final : public graft::Reporter {
 public:
  void line(std::string_view label, std::string_view text) override { fmt::print("{:8}{}\n", label, text); }
  void warn(std::string_view text) override { fmt::print("warning {}\n", text); }
  void progress(const graft::Progress&) override {}
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: adapt_example MODEL PHOTOS\n");
    return 2;
  }
  graft::engine::AdaptOptions options;
  options.model.model = argv[1];
  options.data.data = argv[2];
  options.method = "lora";
  options.shots = 4;
  options.train.epochs = 2;
  try {
    ToTheTerminal report;
    const auto result = graft::pipelines::adapt(options, {{"rank", "4"}}, graft::engine::Host{}, report);
    const auto counts = graft::tasks::count_classes(result.test_predictions);
    fmt::print("{} of {} test photos right with {} trained parameters\n", counts.correct, counts.count,
               result.trained_parameters);
  } catch (const graft::Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return error.exit_code();
  }
}
