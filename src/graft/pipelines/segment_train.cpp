#include "graft/pipelines/segment_train.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <system_error>

#include "graft/core/error.h"
#include "graft/io/index_png.h"
#include "graft/pipelines/evaluate.h"
#include "graft/pipelines/linked.h"
#include "graft/train/run_folder.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;

// Whether two classes are told apart anywhere in the masks below a folder.
bool tell_apart(const fs::path& masks) {
  std::optional<uint8_t> only;
  for (const auto& entry : fs::recursive_directory_iterator(masks)) {
    if (entry.path().extension() != ".png") continue;
    for (const uint8_t told : io::read_index_png(entry.path()).classes) {
      if (told != only.value_or(told)) return true;
      only = told;
    }
  }
  return false;
}

fs::path round_at(const fs::path& folder, int64_t number) {
  return folder / fmt::format("round-{}", number);
}

// What a run tells of a folder's photos, as such a folder itself.
void tell_anew(const fs::path& run, const fs::path& photos, const fs::path& folder, const engine::AdaptOptions& options,
               const engine::Host& host, Reporter& report) {
  PredictOptions predicting;
  predicting.run = run.string();
  predicting.model = options.model;
  predicting.files = {photos.string()};
  predicting.on_bad_file = options.data.on_bad_file;
  predicting.workers = options.data.workers;
  predicting.output = folder.string();
  predict(predicting, host, report);
  link_or_copy(photos, folder / "images");
}

}  // namespace

std::vector<fs::path> rounds_below(const fs::path& folder) {
  std::error_code error;
  const auto own = fs::is_directory(folder / kSegmenter, error) ? folder / kSegmenter : folder;
  std::vector<fs::path> rounds;
  for (auto run = round_at(own, 1); fs::is_regular_file(run / "config.yaml", error);
       run = round_at(own, static_cast<int64_t>(rounds.size()) + 1))
    rounds.push_back(run);
  return rounds;
}

TrainedSegmenter train_segments(const engine::AdaptOptions& options, const OptionValues& method_options,
                                const RoundOptions& rounds, const engine::Host& host, Reporter& report) {
  if (rounds.rounds < 1) throw ConfigError("segment", "--rounds {}: expected 1 or more.", rounds.rounds);
  if (!options.resume.empty())
    throw ConfigError("segment", "--resume: goes on with one run. Say graft adapt --resume {}.", options.resume);
  const fs::path data = options.data.data, photos = data / "images";
  const fs::path output = options.output.empty() ? data / kSegmenter : fs::path(options.output);
  std::error_code error;
  if (!fs::is_directory(photos, error)) {
    throw DataError("segment", "{}: expected images/ with masks/ and classes.txt, as graft segment discover writes.",
                    options.data.data);
  }
  train::RunFolder::check_output(round_at(output, 1), options.force);
  TrainedSegmenter trained{.folder = output, .rounds = {}};
  auto& results = trained.rounds;
  auto round = options;
  round.data.dataset.unsplit = options.data.dataset.unsplit.value_or(data::Unsplit::whole);
  for (int64_t number = 1; number <= rounds.rounds; ++number) {
    if (rounds.rounds > 1) report.line("round", fmt::format("{} of {}", number, rounds.rounds));
    round.output = round_at(output, number).string();
    results.push_back(adapt(round, method_options, host, report));
    if (results.back().stopped_by != 0) break;
    if (number == rounds.rounds) {
      tell_anew(results.back().folder, photos, output, options, host, report);
      break;
    }
    round.data.data = (output / fmt::format("masks-{}", number + 1)).string();
    tell_anew(results.back().folder, photos, round.data.data, options, host, report);
    if (!tell_apart(fs::path(round.data.data) / "masks")) {
      throw ConfigError(
          "segment",
          "round {} tells one class of every pixel: there is nothing for the next to learn. Train it longer "
          "(--epochs) or faster (--lr), or ask for --rounds {}.",
          number, number);
    }
  }
  return trained;
}

}  // namespace graft::pipelines
