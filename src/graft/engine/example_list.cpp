#include "graft/engine/example_list.h"

#include <utility>

#include "graft/core/error.h"
#include "graft/data/table.h"
#include "graft/data/text_list.h"
#include "graft/engine/clip_list.h"

namespace graft::engine {
namespace {

ExampleList photos_of(const DataOptions& options, const std::string& split, data::ImageCache& images,
                      Reporter& report) {
  ExampleList list;
  list.photos = list_photos(options, split);
  if (options.on_bad_file == data::OnBadFile::skip) list.photos = readable(std::move(list.photos), options, images);
  report.line("data", list.photos.describe(options.data));
  list.samples = samples_of(list.photos);
  return list;
}

ExampleList texts_of(const DataOptions& options, const std::string& word, Reporter& report) {
  if (options.data.empty()) throw UsageError("data", "which texts? Give --data a table, a file or a folder.");
  ExampleList list;
  if (word.empty()) {
    list.samples = data::list_texts({options.data}, options.dataset);
  } else {
    data::Split split{};
    option::parse("data", "split", word, split);
    auto dataset = data::open_dataset(options.data, options.dataset, {split});
    if (dataset.reads != data::Reads::text)
      throw DataError("data", "{} holds photos: expected texts, which is what the model reads.", options.data);
    list.samples = std::move(dataset.split(split));
  }
  list.dataset.reads = data::Reads::text;
  report.line("data",
              fmt::format("{}  {} text{}", options.data, list.samples.size(), list.samples.size() == 1 ? "" : "s"));
  return list;
}

ExampleList clips_of(const DataOptions& options, const std::string& word, Reporter& report) {
  ExampleList list;
  if (word.empty() && !data::table_kind(options.data)) {
    list.samples = list_clips({options.data});
  } else {
    const auto [dataset, splits] = open_splits(options, word, data::Reads::clip);
    for (const auto split : splits)
      list.samples.insert(list.samples.end(), dataset.split(split).begin(), dataset.split(split).end());
    list.dataset.root = dataset.root;
  }
  list.dataset.reads = data::Reads::clip;
  report.line("data",
              fmt::format("{}  {} clip{}", options.data, list.samples.size(), list.samples.size() == 1 ? "" : "s"));
  return list;
}

}  // namespace

ExampleList list_examples(const models::Model& model, const DataOptions& options, const std::string& split,
                          data::ImageCache& images, Reporter& report) {
  const bool clips = options.clips.any() || model.reader().frames() > 0 || holds_clips(options.data);
  auto list = model.reader().name() == nn::Tower::text ? texts_of(options, split, report)
              : clips                                  ? clips_of(options, split, report)
                                                       : photos_of(options, split, images, report);
  list.dataset.name = options.data;
  return list;
}

}  // namespace graft::engine
