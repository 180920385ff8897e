#include "graft/prompting/task.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/core/options.h"
#include "graft/core/printable.h"
#include "graft/core/read_file.h"

namespace graft::prompting {
namespace {

constexpr int64_t kMostBytesOfTask = 4 << 20;
constexpr int64_t kMostTokens = 1'000'000;

// What filter functions are called.
const std::vector<std::pair<Filter::Kind, std::string>> kFilterNames = {
    {Filter::Kind::regex, "regex"},
    {Filter::Kind::take_first, "take_first"},
    {Filter::Kind::take_first_k, "take_first_k"},
    {Filter::Kind::majority_vote, "majority_vote"},
    {Filter::Kind::remove_whitespace, "remove_whitespace"},
    {Filter::Kind::lowercase, "lowercase"},
    {Filter::Kind::uppercase, "uppercase"},
    {Filter::Kind::map, "map"}};

// A value of the file with its name, read by what is expected of it.
class Value {
 public:
  Value(const std::string& file, std::string name, YAML::Node node)
      : file_(file), name_(std::move(name)), node_(std::move(node)) {
    if (node_.Tag().starts_with('!') && node_.Tag().size() > 1)
      throw ConfigError(file_, "line {}: {}: {} {} is code, which graft does not run. Write a text with {{{{field}}}}.",
                        node_.Mark().line + 1, name_, node_.Tag(), printable(node_.IsScalar() ? node_.Scalar() : ""));
  }

  [[noreturn]] void refuse(std::string_view expected) const {
    const std::string got = node_.IsScalar() ? fmt::format("'{}'", printable(node_.Scalar()))
                            : node_.IsMap()  ? "a map"
                            : node_.IsNull() ? "nothing"
                                             : "a list";
    throw ConfigError(file_, "line {}: {}: expected {}, got {}.", node_.Mark().line + 1, name_, expected, got);
  }
  std::string where() const { return file_ + ": " + name_; }
  const std::string& name() const { return name_; }
  bool is_list() const { return node_.IsSequence(); }
  bool is_null() const { return node_.IsNull(); }

  std::string text() const {
    if (node_.IsNull()) return "";
    if (!node_.IsScalar()) refuse("a text");
    return node_.Scalar();
  }
  template <class T>
  T as() const {
    T value{};
    const std::string written = text();
    try {
      option::parse(file_, name_, written, value);
    } catch (const ConfigError&) {
      refuse(option::type_of(value) == "yes/no"    ? "true or false"
             : option::type_of(value) == "integer" ? "a whole number"
                                                   : "a number");
    }
    return value;
  }
  int64_t whole(int64_t low, int64_t high) const {
    const auto value = as<int64_t>();
    if (value < low || value > high) refuse(fmt::format("{} to {}", low, high));
    return value;
  }
  std::vector<Value> list() const {
    if (!node_.IsSequence()) refuse("a list");
    std::vector<Value> all;
    for (const auto& one : node_)
      all.emplace_back(file_, fmt::format("{}[{}]", name_, all.size()), one);
    return all;
  }
  std::vector<Value> map() const {  // its values, named by their keys alone
    if (!node_.IsMap()) refuse("a map");
    std::vector<Value> all;
    std::set<std::string> met;
    for (const auto& one : node_) {
      const std::string key = one.first.IsScalar() ? one.first.Scalar() : "";
      if (key == "<<" || key.empty())
        throw ConfigError(file_, "line {}: a key must be a word.", one.first.Mark().line + 1);
      if (!met.insert(key).second)
        throw ConfigError(file_, "line {}: '{}' is set twice.", one.first.Mark().line + 1, printable(key));
      all.emplace_back(file_, key, one.second);
    }
    return all;
  }
  [[noreturn]] void unknown(std::string_view what, const std::vector<std::string>& known) const {
    throw ConfigError(file_, "line {}: {}", node_.Mark().line + 1, unknown_name(what, name_, known));
  }

 private:
  const std::string& file_;
  std::string name_;
  YAML::Node node_;
};

std::vector<std::string> texts_of(const Value& value) {
  if (!value.is_list()) return {value.text()};
  std::vector<std::string> all;
  for (const auto& one : value.list())
    all.push_back(one.text());
  return all;
}

void read_generation(Task& task, const Value& value) {
  bool samples = false, given = false;
  for (const auto& one : value.map()) {
    auto& sampling = task.generation.sampling;
    if (one.name() == "until") {
      task.generation.until = texts_of(one);
    } else if (one.name() == "max_gen_toks" || one.name() == "max_new_tokens" || one.name() == "max_tokens") {
      task.generation.max_tokens = one.whole(1, kMostTokens);
    } else if (one.name() == "do_sample") {
      samples = one.as<bool>();
      given = true;
    } else if (one.name() == "temperature") {
      sampling.temperature = one.as<double>();
    } else if (one.name() == "top_k") {
      sampling.top_k = one.as<int64_t>();
    } else if (one.name() == "top_p") {
      sampling.top_p = one.as<double>();
    } else if (one.name() == "min_p") {
      sampling.min_p = one.as<double>();
    } else {
      one.unknown("generation_kwargs",
                  {"until", "max_gen_toks", "do_sample", "temperature", "top_k", "top_p", "min_p"});
    }
  }
  check(task.generation.sampling, value.where());
  if (given && !samples) task.generation.sampling.temperature = 0;
  if (samples && task.generation.sampling.temperature == 0)
    throw ConfigError(value.where(), "do_sample: true without a temperature above 0.");
}

Metric metric_of(const Value& value) {
  Metric metric;
  for (const auto& one : value.map()) {
    if (one.name() == "metric") {
      metric.name = one.text();
    } else if (one.name() == "aggregation") {
      static const std::set<std::string> kOwn = {"mean", "perplexity", "weighted_perplexity", "bits_per_byte",
                                                 "brier_score"};
      if (kOwn.count(one.text()) == 0) one.refuse(fmt::format("one of {}", fmt::join(kOwn, ", ")));
    } else if (one.name() == "higher_is_better") {
      one.as<bool>();  // each metric has its own
    } else if (one.name() == "ignore_case") {
      metric.ignore_case = one.as<bool>();
    } else if (one.name() == "ignore_punctuation") {
      metric.ignore_punctuation = one.as<bool>();
    } else if (one.name() == "ignore_numbers") {
      metric.ignore_numbers = one.as<bool>();
    } else if (one.name() == "regexes_to_ignore") {
      for (const auto& pattern : texts_of(one))
        metric.regexes_to_ignore.emplace_back(pattern, value.where());
    } else {
      one.unknown("metric_list", {"metric", "aggregation", "higher_is_better", "ignore_case", "ignore_punctuation",
                                  "ignore_numbers", "regexes_to_ignore"});
    }
  }
  if (metric.name.empty()) value.refuse("a metric");
  return metric;
}

Filter filter_of(const Value& value) {
  Filter filter;
  std::string function, expression = "#### (\\-?[0-9\\.\\,]+)";  // the default of lm-evaluation-harness
  for (const auto& one : value.map()) {
    if (one.name() == "function") {
      function = one.text();
    } else if (one.name() == "regex_pattern") {
      expression = one.text();
    } else if (one.name() == "group_select") {
      filter.group_select = one.as<int64_t>();
    } else if (one.name() == "fallback") {
      filter.fallback = one.text();
    } else if (one.name() == "k") {
      filter.k = one.whole(1, 1'000'000);
    } else if (one.name() == "mapping_dict") {
      for (const auto& pair : one.map())
        filter.mapping[pair.name()] = pair.text();
    } else if (one.name() == "default_value") {
      filter.default_value = one.text();
    } else {
      one.unknown("filter",
                  {"function", "regex_pattern", "group_select", "fallback", "k", "mapping_dict", "default_value"});
    }
  }
  const auto known = std::ranges::find(kFilterNames, function, &std::pair<Filter::Kind, std::string>::second);
  if (known == kFilterNames.end()) {
    std::vector<std::string> names;
    for (const auto& [kind, name] : kFilterNames)
      names.push_back(name);
    throw ConfigError(value.where(), "{}", unknown_name("filter function", function, names));
  }
  filter.kind = known->first;
  if (filter.kind == Filter::Kind::regex) filter.pattern.emplace(expression, value.where());
  return filter;
}

FilterPipeline pipeline_of(const Value& value) {
  FilterPipeline pipeline{"", {}};
  for (const auto& one : value.map()) {
    if (one.name() == "name") {
      pipeline.name = one.text();
    } else if (one.name() == "filter") {
      for (const auto& step : one.list())
        pipeline.steps.push_back(filter_of(step));
    } else {
      one.unknown("filter_list", {"name", "filter"});
    }
  }
  if (pipeline.name.empty()) value.refuse("a name");
  return pipeline;
}

void read_fewshot(Task& task, const Value& value) {
  for (const auto& one : value.map()) {
    if (one.name() == "sampler") {
      task.sampler = one.text();
      if (task.sampler != "default" && task.sampler != "first_n") one.refuse("default or first_n");
    } else if (one.name() == "split") {
      task.fewshot_split = one.text();
    } else {
      one.unknown("fewshot_config", {"sampler", "split"});
    }
  }
}

// The one list of what is read: the reader, the documentation's table and its test follow it.
struct FieldEntry {
  TaskField field;
  void (*read)(Task&, const Value&);
};
const std::vector<FieldEntry>& entries() {
  static const std::vector<FieldEntry> kEntries = {
      {{"task", "the task's name"}, [](Task& t, const Value& v) { t.name = v.text(); }},
      {{"description", "stands before the examples, as it is"},
       [](Task& t, const Value& v) {
         t.description = v.text();
         for (const auto* jinja : {"{{", "{%", "{#"}) {
           if (t.description.find(jinja) != std::string::npos) v.refuse("a text without Jinja");
         }
       }},
      {{"doc_to_text", "the question, with `{{field}}` where a field of the item goes; or a field's name"},
       [](Task& t, const Value& v) { t.doc_to_text = TextTemplate(v.text(), v.where()); }},
      {{"doc_to_target", "the right answer, in the same way; of choices also their number, from 0"},
       [](Task& t, const Value& v) { t.doc_to_target = TextTemplate(v.text(), v.where()); }},
      {{"doc_to_choice",
        "the choices: a list, or the name of a field that holds one; without it the answers that the examples' split "
        "has"},
       [](Task& t, const Value& v) {
         if (v.is_list()) {
           t.doc_to_choice = texts_of(v);
         } else {
           t.choice_field = v.text();
         }
       }},
      {{"doc_to_reasoning", "graft's own: the worked steps before the answer, for `--strategy cot` and its controls"},
       [](Task& t, const Value& v) { t.doc_to_reasoning = TextTemplate(v.text(), v.where()); }},
      {{"answer_phrase", "graft's own: joins steps and answer, `The answer is` unless it is said"},
       [](Task& t, const Value& v) { t.answer_phrase = v.text(); }},
      {{"target_delimiter", "between question and answer, a blank unless it is said"},
       [](Task& t, const Value& v) { t.target_delimiter = v.text(); }},
      {{"fewshot_delimiter", "behind each example, two line breaks unless it is said"},
       [](Task& t, const Value& v) { t.fewshot_delimiter = v.text(); }},
      {{"training_split", "the split that examples are drawn from, `train` unless it is said"},
       [](Task& t, const Value& v) { t.training_split = v.text(); }},
      {{"validation_split", "the split that is asked where no test_split is named"},
       [](Task& t, const Value& v) { t.validation_split = v.text(); }},
      {{"test_split", "the split that is asked, `test` unless it is said"},
       [](Task& t, const Value& v) { t.test_split = v.text(); }},
      {{"fewshot_split", "the split that examples are drawn from, where it is not the training_split"},
       [](Task& t, const Value& v) { t.fewshot_split = v.text(); }},
      {{"fewshot_config", "`sampler: first_n` takes the first examples in their order; `split` as fewshot_split"},
       read_fewshot},
      {{"num_fewshot", "how many examples, where `--examples` does not say"},
       [](Task& t, const Value& v) { t.num_fewshot = v.whole(0, 10'000); }},
      {{"output_type", "multiple_choice, generate_until (unless it is said), loglikelihood or loglikelihood_rolling"},
       [](Task& t, const Value& v) { option::parse(v.where(), "output_type", v.text(), t.output_type); }},
      {{"generation_kwargs",
        "until (a text or a list), max_gen_toks (256), do_sample, temperature, top_k, top_p, min_p"},
       read_generation},
      {{"repeats", "how many answers are drawn to an item"},
       [](Task& t, const Value& v) { t.repeats = v.whole(1, 10'000); }},
      {{"metric_list",
        "metric, and for exact_match ignore_case, ignore_punctuation, ignore_numbers, regexes_to_ignore"},
       [](Task& t, const Value& v) {
         t.metrics.clear();
         for (const auto& one : v.list())
           t.metrics.push_back(metric_of(one));
       }},
      {{"filter_list",
        "name and filter: a list of functions, regex (regex_pattern, group_select, fallback), take_first, take_first_k "
        "(k), majority_vote, remove_whitespace, lowercase, uppercase, map (mapping_dict, default_value)"},
       [](Task& t, const Value& v) {
         t.filters.clear();
         for (const auto& one : v.list())
           t.filters.push_back(pipeline_of(one));
       }},
      {{"dataset_path, dataset_name, dataset_kwargs, tag, task_alias, metadata, should_decontaminate, "
        "doc_to_decontamination_query",
        "read over: the data are those of `--data`, and the rest changes no number"},
       [](Task&, const Value&) {}}};
  return kEntries;
}

bool is_called(const TaskField& field, std::string_view name) {
  std::string_view left = field.name;
  while (!left.empty()) {
    const size_t comma = left.find(", ");
    if (left.substr(0, comma) == name) return true;
    left = comma == std::string_view::npos ? std::string_view() : left.substr(comma + 2);
  }
  return false;
}

void finish(Task& task, const std::string& name) {
  const auto known = metrics_of(task.output_type);
  if (task.metrics.empty()) task.metrics = {{known.front()}};
  for (const auto& metric : task.metrics) {
    if (std::ranges::find(known, metric.name) == known.end())
      throw ConfigError(name, "metric_list: {}", unknown_name("metric of this output_type", metric.name, known));
  }
  if (task.doc_to_target.empty()) throw ConfigError(name, "doc_to_target is missing: what is the right answer?");
  if (task.doc_to_text.empty() && task.output_type != OutputType::loglikelihood_rolling)
    throw ConfigError(name, "doc_to_text is missing: what is asked?");
  if (task.output_type == OutputType::generate_until && task.generation.until.empty() &&
      !task.fewshot_delimiter.empty())
    task.generation.until = {task.fewshot_delimiter};  // as lm-evaluation-harness
  if (task.filters.empty()) task.filters = {{}};
}

}  // namespace

std::vector<std::pair<OutputType, std::string>> choices(OutputType) {
  return {{OutputType::multiple_choice, "multiple_choice"},
          {OutputType::generate_until, "generate_until"},
          {OutputType::loglikelihood, "loglikelihood"},
          {OutputType::loglikelihood_rolling, "loglikelihood_rolling"}};
}

std::vector<std::string> metrics_of(OutputType type) {
  switch (type) {
    case OutputType::multiple_choice:
      return {"acc", "acc_norm", "acc_bytes", "acc_mutual_info", "brier_score"};
    case OutputType::generate_until:
      return {"exact_match"};
    case OutputType::loglikelihood:
      return {"perplexity", "acc"};
    default:
      return {"word_perplexity", "byte_perplexity", "bits_per_byte", "token_perplexity"};
  }
}

std::vector<TaskField> task_fields() {
  std::vector<TaskField> fields;
  for (const auto& entry : entries())
    fields.push_back(entry.field);
  return fields;
}

std::string Task::split_of_examples() const {
  return !fewshot_split.empty() ? fewshot_split : !training_split.empty() ? training_split : "train";
}

std::string Task::split_of_items() const {
  return !test_split.empty() ? test_split : !validation_split.empty() ? validation_split : "test";
}

Task parse_task(std::string_view yaml, const std::string& name) {
  Task task;
  try {
    const Value file(name, "the file", YAML::Load(std::string(yaml)));
    for (const auto& value : file.map()) {
      const auto entry =
          std::ranges::find_if(entries(), [&](const FieldEntry& one) { return is_called(one.field, value.name()); });
      if (entry == entries().end()) {
        std::vector<std::string> known;
        for (const auto& one : entries())
          known.emplace_back(one.field.name);
        known.pop_back();  // those that are read over
        value.unknown("field", known);
      }
      entry->read(task, value);
    }
  } catch (const YAML::Exception& error) {
    throw ConfigError(name, "line {}: {}.", error.mark.line + 1, error.msg);
  }
  finish(task, name);
  return task;
}

Task read_task(const std::filesystem::path& file) {
  return parse_task(read_file("prompt", file, kMostBytesOfTask), printable(file.string()));
}

}  // namespace graft::prompting
