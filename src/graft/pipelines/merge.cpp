#include "graft/pipelines/merge.h"

#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/partial_folder.h"
#include "graft/engine/adapter_folder.h"
#include "graft/engine/merged_folder.h"
#include "graft/engine/named_adapter.h"
#include "graft/engine/photo_list.h"
#include "graft/engine/run_data.h"
#include "graft/engine/session.h"
#include "graft/io/model_folder.h"
#include "graft/models/feature_model.h"
#include "graft/nn/tensor_file.h"
#include "graft/pipelines/fold.h"
#include "graft/pipelines/merge_proof.h"
#include "graft/pipelines/merged_description.h"
#include "graft/pipelines/merged_weights.h"
#include "graft/pipelines/placed_head.h"

namespace graft::pipelines {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPhotos = 32;  // enough to see a deviation; two passes

// Float32 sums in another order reach a few 1e-6 in a deep model. A weight that is rounded to a smaller type is off by
// half a unit of its last place, and a feature by some of those.
double tolerance_for(const std::string& rounded) {
  if (rounded == "bfloat16") return 20 * 0x1p-8;
  if (rounded == "float16") return 20 * 0x1p-11;
  return 1e-4;
}

fs::path absolute_folder(const fs::path& path) {
  std::error_code error;
  auto whole = fs::weakly_canonical(fs::absolute(path), error);
  if (error) whole = fs::absolute(path).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

bool lies_in(const fs::path& inner, const fs::path& outer) {
  const auto [rest, at] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return rest == outer.end();
}

// Files in `output` that are nobody's business but would be read with, or in place of, what a merge writes.
std::vector<std::string> in_the_way(const fs::path& output) {
  const auto earlier = engine::merged_files(output);
  const std::set<std::string> own(earlier.begin(), earlier.end());
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(output)) {
    const auto name = entry.path().filename().string();
    const auto ending = entry.path().extension().string();
    const bool model = ending == ".json" || ending == ".safetensors" || ending == ".bin" || ending == ".pt" ||
                       ending == ".pth" || ending == ".th";
    if (model && !own.contains(name)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

void check_merge_output(const MergeOptions& options, const fs::path& output, const fs::path& base) {
  if (output == absolute_folder(engine::adapter_folder(options.run))) {
    throw ConfigError("merge", "--output {} is the run itself. Choose another folder.", options.output);
  }
  if (const auto from = absolute_folder(base); lies_in(output, from)) {
    throw ConfigError("merge", "--output {} lies in the base model, {}. Choose another folder.", options.output,
                      base.string());
  }
  PartialFolder::check_output("merge", options.output, options.force);
  if (!fs::exists(output)) return;
  if (const auto names = in_the_way(output); !names.empty()) {
    throw ConfigError("merge",
                      "{} holds files of a model that no merge wrote: {}. --force writes over a merged folder; choose "
                      "another --output.",
                      options.output, fmt::join(names, ", "));
  }
}

// What an earlier merge left there goes; what is nobody's stays.
void commit(PartialFolder& partial) {
  std::error_code ignored;
  if (fs::exists(partial.output())) {
    for (const auto& name : engine::merged_files(partial.output()))
      fs::remove(partial.output() / fs::path(name).filename(), ignored);
  }
  partial.commit();
}

// A few photos that can be read: the run's own where they are still there, or those that the user names; none for an
// adapter without a run.
std::vector<fs::path> some_photos(const models::Model& model, const MergeOptions& options, data::ImageCache& images) {
  if (model.reader().name() != nn::Tower::vision) return {};
  engine::PhotoList photos;
  if (!options.data.empty()) {
    photos = engine::list_photos({.data = options.data, .dataset = {}}, "");
  } else if (const auto data = engine::data_of_run(options.run); data && fs::exists(data->data)) {
    photos = engine::list_photos(*data, "test");
  }
  std::vector<fs::path> good;
  for (const auto& path : photos.paths) {
    if (good.size() == kPhotos) break;
    if (data::check_images({}, {path.string()}, 1, &images).empty()) good.push_back(path);
  }
  return good;
}

// graft.json: the classes and how they are told, for `evaluate` and `predict`; and which files are the merge's.
void write_merged_file(const fs::path& folder, engine::AdapterInfo info, const models::ModelInfo& merged,
                       data::Exif exif, std::vector<std::string> files) {
  info.base = merged.source;
  std::erase_if(info.told, [](const auto& each) {
    return each.first != "truncate" && each.first != "reads" && each.first != "output-stride";
  });  // the rest lies beside it
  files.emplace_back(engine::kMergedFile);
  auto graft = engine::describe_adapter(info, merged);
  if (info.classes_made_up) graft["classes_made_up"] = true;
  const nlohmann::json file = {
      {"graft", graft}, {"files", files}, {"merged", {{"method", info.method}, {"exif", option::print(exif)}}}};
  write_file_atomically(folder / engine::kMergedFile,
                        file.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

// Whether what is read back tells the run's classes. The head that PEFT trained on a CLIP's features is not one that
// graft's methods have there.
bool serves_its_classes(const methods::Adapted& adapted, const engine::AdapterInfo& info) {
  if (!info.foreign()) return true;
  return adapted.headless.empty() && !info.classes.empty() &&
         adapted.method->head(adapted.setting).init != models::HeadInit::class_text;
}

std::string on_what(const Merged& merged) {
  return merged.photos > 0 ? fmt::format("{} photos", merged.photos) : "generated inputs";
}

// Weights that are known by their tensors alone have no file beside them that could say another image size.
bool nothing_says_size(const io::ModelFolder& base, const models::ModelInfo& info) {
  return is_resized(info) && !base.config && !base.open_clip_config && !needs_description(base, info);
}

// The folder as anyone reads it: nothing of the run is told but what no file of a model says and graft.json does.
std::shared_ptr<models::Model> read_back(const fs::path& folder, const models::Told& told,
                                         std::optional<int64_t> image_size) {
  return models::load_model(io::ModelFolder::at(folder),
                            {.precision = tensor::Precision::fp32,
                             .image_size = image_size,
                             .told = {.reads = told.reads, .output_stride = told.output_stride}});
}

void prove(const Merged& merged, const models::ModelInfo& used, const models::ModelInfo& read) {
  if (const auto wrong = differences(used, read); !wrong.empty()) {
    throw ModelError("merge", "what was written is read otherwise than it was used. Nothing is kept.\n  {}",
                     fmt::join(wrong, "\n  "));
  }
  const double most = tolerance_for(merged.rounded);
  if (merged.largest_deviation <= most) return;
  throw ModelError("merge",
                   "what was written does not do what the adapted model does: the features read back deviate by {:.1e} "
                   "of their largest value on {}, expected at most {:.1e}. Nothing is kept.",
                   merged.largest_deviation, on_what(merged), most);
}

}  // namespace

Merged merge(const MergeOptions& options, const engine::Host& host, Reporter& report) {
  if (options.output.empty()) throw UsageError("merge", "where to? Give --output a folder.");
  if (write_options(options.algebra) != write_options(methods::Algebra{})) {
    throw ConfigError("merge",
                      "--combine and what belongs to it say how several runs become one; here is one. Name "
                      "the others behind it, or leave the option out.");
  }
  engine::AdapterInfo info = engine::read_adapter_info(options.run);
  if (info.merged) throw ConfigError("merge", "{} is merged already: it is a model by itself.", options.run);
  if (info.family == models::kFeatureFamily)
    throw ModelError("merge", "{} was trained on features: there is no model to merge it into.", options.run);
  engine::ModelOptions wanted = model_of_run(info, options.model, report);
  if (!wanted.text_model.empty()) {
    throw ModelError("merge",
                     "{} was trained on two models, {} and {}, which no file of one holds. `graft evaluate` reads "
                     "the run as it is.",
                     options.run, wanted.model, wanted.text_model);
  }
  wanted.precision = "fp32";  // the sums that a fold makes are not rounded to what frozen weights are multiplied in
  if (wanted.model.empty()) throw UsageError("merge", "which model? The adapter does not say; give --model.");
  const auto base = io::ModelFolder::find(wanted.model, host.environment);
  const auto output = absolute_folder(options.output);
  check_merge_output(options, output, base.path);

  const auto model = engine::open_model(wanted, host, report);
  methods::Adapted adapted = engine::load_adapter(options.run, model, report, options.force_base);
  if (!adapted.head->joint().empty()) {
    throw ModelError("merge", "{} acts on the classifier, which is no part of the model's weights.", info.method);
  }
  info.method_options = adapted.method->config();
  const bool has_head = serves_its_classes(adapted, info);
  if (!has_head) info.classes.clear();
  if (model->reader().name() == nn::Tower::vision) info.image_size = model->info().preprocessing.output().height;
  const auto exif = engine::exif_of_run(options.run);
  const auto images = std::make_shared<data::ImageCache>(exif);
  const auto photos = some_photos(*model, options, *images);
  const Outputs adapted_outputs = outputs_of(model, info, photos, images, report);
  Merged merged;
  merged.folder = options.output;
  merged.photos = static_cast<int64_t>(photos.size());
  merged.folded = fold_inserts(*model);

  const auto file_weights = base.open();
  const auto weights = models::own_weights(base, file_weights, wanted.as);
  auto head = has_head ? place_head(adapted, info, base, weights) : PlacedHead{.text = "none"};
  if (const auto beside = engine::adapter_folder(options.run) / engine::kAuxiliaryFile;
      !head.tensors.empty() && fs::exists(beside))
    head.tensors.merge(nn::read_tensors(beside));
  merged.head = head.text;
  PartialFolder partial("merge", output);
  const std::string file =
      library_of(model->info()) == Library::open_clip ? "open_clip_model.safetensors" : "model.safetensors";
  const auto written =
      write_merged_weights(partial.path() / file, weights, *model, head, wanted.told.inflate.has_value());
  merged.tensors = written.changed;
  merged.rounded = written.rounded;
  auto files = write_descriptions(base, weights, *model, head.description, partial.path());
  files.push_back(file);
  if (has_head) {
    if (const auto name = engine::save_head(partial.path(), *adapted.head); !name.empty()) files.push_back(name);
  }

  const bool of_its_own = wanted.told.decoder.has_value();  // a decoder's names, under which a base's size is not read
  const auto size =
      of_its_own || nothing_says_size(base, model->info()) ? std::optional(info.image_size) : std::nullopt;
  const auto back = read_back(partial.path(), wanted.told, size);
  merged.largest_deviation = deviation(adapted_outputs, outputs_of(back, info, photos, images, report));
  prove(merged, model->info(), back->info());
  write_merged_file(partial.path(), info, back->info(), exif, files);
  commit(partial);

  if (size) {
    report.note({.text = fmt::format(
                     "graft.json says that photos are read at {} pixels; another program has to be told", *size)});
  }
  if (!merged.rounded.empty()) {
    report.note(
        {.text = fmt::format("{} changed tensors are {}, as in the base: that rounding is most of the deviation",
                             merged.tensors, merged.rounded)});
  }
  report.line("merged", fmt::format("{}  {} maps folded · largest deviation {:.1e} of the features on {}",
                                    options.output, merged.folded, merged.largest_deviation, on_what(merged)));
  report.line("head", merged.head);
  return merged;
}

}  // namespace graft::pipelines
