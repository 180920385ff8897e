#include "graft/pipelines/language/prompt.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "graft/core/atomic_file.h"
#include "graft/core/error.h"
#include "graft/core/printable.h"
#include "graft/data/feature_file.h"
#include "graft/text/text_file.h"

namespace graft::pipelines::language {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

prompting::Task task_of(const PromptDataOptions& options) {
  if (!options.prompt_template.empty()) {
    if (!options.doc_to_text.empty() || !options.doc_to_target.empty())
      throw ConfigError("lm prompt",
                        "--doc-to-text and --doc-to-target stand for a template: give them or --template.");
    return prompting::read_task(options.prompt_template);
  }
  if (options.doc_to_text.empty() || options.doc_to_target.empty())
    throw UsageError("lm prompt", "what is asked? Give --template TASK.yaml, or --doc-to-text and --doc-to-target.");
  prompting::Task task;
  task.output_type = prompting::OutputType::multiple_choice;
  task.doc_to_text = prompting::TextTemplate(options.doc_to_text, "--doc-to-text");
  task.doc_to_target = prompting::TextTemplate(options.doc_to_target, "--doc-to-target");
  task.metrics = {{"acc"}, {"acc_norm"}};
  return task;
}

std::unique_ptr<prompting::Similarity> embedded(const std::string& file, size_t items, const std::vector<size_t>& asked,
                                                const std::vector<size_t>& pool) {
  const auto rows = data::read_feature_file(file).rows;
  if (rows.count != static_cast<int64_t>(items))
    throw DataError("lm prompt", "{}: expected a row for each of the {} items, got {}.", printable(file), items,
                    rows.count);
  const auto chosen = [&](const std::vector<size_t>& places) {
    std::vector<float> values;
    for (const size_t place : places) {
      const auto row = rows.row(static_cast<int64_t>(place));
      values.insert(values.end(), row.begin(), row.end());
    }
    return values;
  };
  return prompting::by_embeddings(chosen(asked), chosen(pool), static_cast<size_t>(rows.width));
}

json to_json(const prompting::Score& score) {
  json value = {{"metric", score.metric},
                {"value", score.value},
                {"n", score.count},
                {"standard_error", score.standard_error},
                {"interval", {score.interval.low, score.interval.high}}};
  if (!score.filter.empty()) value["filter"] = score.filter;
  return value;
}

json to_json(const prompting::Answer& answer) {
  json row = {{"id", answer.item}, {"label", answer.label}, {"predicted", answer.predicted}};
  for (const auto& [name, value] : answer.values)
    row["values"][name] = value;
  for (const auto& [choice, sum] : answer.choices)
    row["log_likelihoods"][choice] = sum;
  if (!answer.responses.empty()) row["responses"] = answer.responses;
  return row;
}

void prepare(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder, error) && !fs::is_directory(folder, error))
    throw FileError("lm prompt", "{} is a file; expected a folder to write into. Choose another --output.",
                    printable(folder.string()));
  if (fs::is_directory(folder, error)) {
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      const auto name = entry.path().filename().string();
      if (name != "results.json" && !(name.starts_with('k') && name.ends_with(".jsonl")))
        throw ConfigError("lm prompt", "{} holds something else than answers: {}. Choose another --output.",
                          printable(folder.string()), printable(name));
    }
    for (const auto& entry : fs::directory_iterator(folder, error))
      fs::remove(entry.path(), error);
  }
  fs::create_directories(folder, error);
  if (error) throw FileError("lm prompt", "{} cannot be made: {}.", printable(folder.string()), error.message());
}

}  // namespace

AskedTask::AskedTask(const PromptDataOptions& options, const prompting::EvaluationOptions& evaluation) {
  question_.task = task_of(options);
  auto& task = question_.task;
  const auto items = prompting::read_items(options.data);
  if (options.limit < 0) throw ConfigError("lm prompt", "--limit: expected 0 (all) or more, got {}.", options.limit);
  auto asked = prompting::places_of(items, task.split_of_items());
  if (options.limit > 0 && static_cast<size_t>(options.limit) < asked.size()) asked.resize(options.limit);
  std::vector<size_t> pool;
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].split == task.split_of_examples()) pool.push_back(i);
  }
  for (const size_t place : asked)
    question_.items.push_back(items[place]);
  for (const size_t place : pool)
    question_.pool.push_back(items[place]);
  if (evaluation.select == prompting::Selection::nearest) {
    if (!options.embeddings.empty()) {
      similarity_ = embedded(options.embeddings, items.size(), asked, pool);
    } else {
      const auto texts = [&](const prompting::Items& some) {
        std::vector<std::string> all;
        for (const auto& item : some)
          all.push_back(task.doc_to_text.of(item));
        return all;
      };
      similarity_ = prompting::by_words(texts(question_.items), texts(question_.pool));
    }
    question_.similarity = similarity_.get();
  } else if (!options.embeddings.empty()) {
    throw ConfigError("lm prompt", "--embeddings goes with --select nearest.");
  }
  if (!options.unrelated.empty()) {
    if (evaluation.control != prompting::Control::unrelated)
      throw ConfigError("lm prompt", "--unrelated goes with --control unrelated.");
    question_.unrelated = text::trimmed_lines(text::read_text_file(options.unrelated));
  }
}

void write_prompt_results(const fs::path& folder, const prompting::Task& task,
                          const prompting::EvaluationOptions& options,
                          const std::vector<prompting::SettingResult>& results) {
  prepare(folder);
  json all = {{"task", task.name}, {"options", write_options(options)}, {"settings", json::array()}};
  std::map<int64_t, int64_t> settings, written;
  for (const auto& result : results)
    ++settings[result.setting.examples];
  for (const auto& result : results) {
    const auto& setting = result.setting;
    std::string name = fmt::format("k{}", setting.examples);
    if (settings[setting.examples] > 1) name += fmt::format("_seed{}", ++written[setting.examples]);
    std::string lines;
    for (const auto& answer : result.answers)
      lines += to_json(answer).dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    write_file_atomically(folder / (name + ".jsonl"), lines);
    json one = {
        {"answers", name + ".jsonl"}, {"examples", setting.examples}, {"draw", setting.draw}, {"order", setting.order}};
    for (const auto& score : result.scores)
      one["scores"].push_back(to_json(score));
    if (result.responses > 0) one["responses"] = result.responses;
    for (const auto& [filter, count] : result.invalid)
      one["invalid"][filter] = count;
    all["settings"].push_back(std::move(one));
  }
  for (const auto& point : prompting::curve_of(results))
    all["curve"].push_back({{"examples", point.examples},
                            {"metric", point.metric},
                            {"filter", point.filter},
                            {"settings", point.settings},
                            {"mean", point.mean},
                            {"deviation", point.deviation},
                            {"low", point.low},
                            {"high", point.high}});
  write_file_atomically(folder / "results.json", all.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace graft::pipelines::language
