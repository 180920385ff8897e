#include "graft/study/spec.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "graft/core/error.h"
#include "graft/core/names.h"
#include "graft/core/printable.h"
#include "graft/core/quantities.h"
#include "graft/core/random.h"
#include "graft/core/read_file.h"
#include "graft/data/feature_file.h"
#include "graft/engine/options.h"
#include "graft/io/yaml_options.h"
#include "graft/methods/combination.h"
#include "graft/methods/entry.h"
#include "graft/methods/method.h"
#include "graft/study/spec_check.h"

namespace graft::study {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostBytesOfSpec = 1 << 20;
constexpr const char* kVersion = "1";  // of study files; one that says none is of this
const std::vector<std::string> kKeys = {"version", "name",     "models",  "data",    "methods", "variants", "shots",
                                        "seeds",   "defaults", "exclude", "compare", "budget",  "search"};
const std::vector<std::string> kAxes = {"method", "model", "data", "shots", "seed"};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  option::parse("", "", text, lines);
  return lines;
}

// Reads the flat options of a study file; what is wrong is collected and told together.
class SpecReader {
 public:
  SpecReader(OptionValues values, fs::path file) : values_(std::move(values)), file_(std::move(file)) {}

  Spec read() {
    if (const auto version = values_.find("version"); version != values_.end() && version->second != kVersion) {
      throw ConfigError(
          "compare", "{} is a study of version {}; this graft reads version {}. See docs/compare.md for what it holds.",
          printable(file_.string()), printable(version->second), kVersion);
    }
    refuse_unknown_keys();
    Spec spec;
    spec.name = values_.count("name") ? values_.at("name") : file_.stem().string();
    const bool features = holds_features();
    if (features) spec.models = {{"features", {}}};
    if (!features) spec.models = read_named("models", "model");
    spec.data = read_named("data", "data");
    read_methods(spec);
    spec.defaults = below("defaults");
    place_files(spec.defaults);
    read_integers("shots", spec.shots, 0);
    read_seeds(spec.seeds);
    read_question(spec);
    read_exclude(spec);
    read_budget(spec.budget);
    read_search(spec);
    if (wrong_.empty()) wrong_ = wrong_options(spec);
    if (!wrong_.empty())
      throw ConfigError("compare", "{}:\n  {}", printable(file_.string()), fmt::join(wrong_, "\n  "));
    return spec;
  }

 private:
  template <class... Args>
  void wrong(fmt::format_string<Args...> format, Args&&... args) {
    wrong_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  OptionValues below(const std::string& key) const {
    OptionValues found;
    for (const auto& [name, value] : values_) {
      if (name.starts_with(key + ".")) found[name.substr(key.size() + 1)] = value;
    }
    return found;
  }

  void refuse_unknown_keys() {
    std::set<std::string> told;
    for (const auto& [name, value] : values_) {
      const std::string key = name.substr(0, name.find('.'));
      const bool known = std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
      if (!known && told.insert(key).second) wrong("{}", unknown_name("key", key, kKeys));
    }
  }

  // As it stands from the study file's folder, where there is such a thing; else as it was written (a model's name in
  // the cache, a path from here).
  std::string place(const std::string& path) const {
    std::error_code error;
    const fs::path beside = file_.parent_path() / path;
    return !path.empty() && fs::exists(beside, error) ? beside.lexically_normal().string() : path;
  }

  // The same of options beside model and data that name files.
  void place_files(OptionValues& options) const {
    for (const char* name : {"templates", "teacher", "attention-from", "text-model"}) {
      if (const auto file = options.find(name); file != options.end()) file->second = place(file->second);
    }
  }

  // A list of paths, or a map from names to a path or to options with the path among them under `option`.
  std::vector<Named> read_named(const std::string& key, const std::string& option) {
    std::vector<Named> found;
    if (const auto list = values_.find(key); list != values_.end()) {
      for (const auto& path : lines_of(list->second)) {
        fs::path p(path);
        if (p.filename().empty()) p = p.parent_path();
        const std::string name = p.extension() == ".csv" || p.extension() == ".tsv" || p.extension() == ".jsonl" ||
                                         (key == "data" && data::is_feature_file(p))
                                     ? p.stem().string()
                                     : p.filename().string();
        add(found, key, {name, {{option, place(path)}}});
      }
    }
    std::map<std::string, OptionValues> maps;
    for (const auto& [name, value] : below(key)) {
      const auto dot = name.find('.');
      const std::string own = name.substr(0, dot);
      const std::string inner = dot == std::string::npos ? option : name.substr(dot + 1);
      maps[own][inner] = inner == option || inner == "classes" || inner == "labels" ? place(value) : value;
    }
    for (auto& [name, options] : maps) {
      place_files(options);
      if (options[option].empty()) wrong("{} '{}': expected a path, or a map with '{}: PATH'.", key, name, option);
      add(found, key, {name, options});
    }
    if (found.empty()) wrong("'{}' is missing: a list of paths, or a map from names to paths.", key);
    return found;
  }

  // Features stand for the model that made them: a study of them has no models, and nothing else beside them.
  bool holds_features() {
    std::vector<std::string> paths;
    if (const auto list = values_.find("data"); list != values_.end()) paths = lines_of(list->second);
    for (const auto& [name, value] : below("data")) {
      if (name.find('.') == std::string::npos || name.ends_with(".data")) paths.push_back(value);
    }
    const auto count =
        std::count_if(paths.begin(), paths.end(), [](const auto& p) { return data::is_feature_file(p); });
    if (count == 0) return false;
    if (count < std::ssize(paths) || values_.count("models") || !below("models").empty())
      wrong("data: features go with no models and with no photos or texts. Give them a study of their own.");
    return true;
  }

  void add(std::vector<Named>& all, const std::string& key, Named one) {
    const auto same = [&](const Named& other) { return other.name == one.name; };
    if (std::any_of(all.begin(), all.end(), same)) {
      wrong("{}: two have the name '{}'. Give names of their own: `{}: {{a: PATH, b: PATH}}`.", key, one.name, key);
      return;
    }
    all.push_back(std::move(one));
  }

  void read_methods(Spec& spec) {
    std::map<std::string, OptionValues> variants;
    for (const auto& [name, value] : below("variants")) {
      const auto dot = name.find('.');
      if (dot == std::string::npos) {
        wrong("variants '{}': expected a map as in {{method: lora, rank: 64}}.", name);
      } else {
        variants[name.substr(0, dot)][name.substr(dot + 1)] = value;
      }
    }
    std::vector<std::string> names;
    if (const auto list = values_.find("methods"); list != values_.end()) names = lines_of(list->second);
    if (names.empty()) {
      for (const auto& [name, options] : variants)
        names.push_back(name);
    }
    if (names.empty()) wrong("'methods' is missing: a list of methods and variants.");
    std::vector<std::string> known{kZeroShot};
    for (const auto* entry : methods::entries())
      known.emplace_back(entry->name);
    for (auto& [name, options] : variants) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        wrong("variants '{}' is not among the methods: add it there, or leave it out.", name);
      }
      // Under a method's own name: what that method is run with in this study.
      if (std::find(known.begin(), known.end(), name) != known.end()) {
        const auto method = options.try_emplace("method", name).first->second;
        if (method != name) wrong("variants '{}' has the name of a method and runs {}: give it another.", name, method);
      }
    }
    for (const auto& name : names) {
      Named method{name, {{"method", name}}};
      if (const auto variant = variants.find(name); variant != variants.end()) {
        method.options = variant->second;
        place_files(method.options);
        if (method.options["method"].empty()) wrong("variants '{}': which method? Add `method: NAME`.", name);
      }
      const auto& own = method.options["method"];
      std::vector<std::string> all = known;
      for (const auto& [variant, options] : variants)
        all.push_back(variant);
      for (size_t begin = 0; begin <= own.size();) {
        const size_t end = std::min(own.find('+', begin), own.size());
        const std::string part = own.substr(begin, end - begin);
        if (std::find(known.begin(), known.end(), part) == known.end())
          wrong("{}", unknown_name("method", part, name == own ? all : known));
        begin = end + 1;
      }
      add(spec.methods, "methods", std::move(method));
    }
  }

  void read_integers(const std::string& key, std::vector<int64_t>& out, int64_t least) {
    const auto found = values_.find(key);
    if (found == values_.end()) return;
    try {
      option::parse("compare", key, found->second, out);
    } catch (const ConfigError&) {
      wrong("{}: expected whole numbers, got '{}'.", key, printable(found->second));
      return;
    }
    const std::set<int64_t> once(out.begin(), out.end());
    if (once.size() != out.size()) wrong("{}: a number stands twice.", key);
    for (const auto value : out) {
      if (value < least) wrong("{}: expected {} or more, got {}.", key, least, value);
    }
    if (out.empty()) wrong("{}: expected at least one number.", key);
  }

  // One number: so many, from 1.
  void read_seeds(std::vector<int64_t>& seeds) {
    read_integers("seeds", seeds, 0);
    if (seeds.size() != 1 || !values_.count("seeds")) return;
    const int64_t count = seeds.front();
    if (count < 1 || count > 999) {
      wrong("seeds: expected 1 to 999, or a list of seeds, got {}.", count);
      return;
    }
    seeds.clear();
    for (int64_t seed = 1; seed <= count; ++seed)
      seeds.push_back(seed);
  }

  void read_question(Spec& spec) {
    const size_t before = wrong_.size();
    read_settings("compare", below("compare"), spec.question);
    if (wrong_.size() > before) return;
    const auto& q = spec.question;
    std::vector<std::string> names;
    for (const auto& method : spec.methods)
      names.push_back(method.name);
    if (!q.against.empty() && std::find(names.begin(), names.end(), q.against) == names.end())
      wrong("compare: against: {}", unknown_name("method of the study", q.against, names));
    if (q.margin && !(*q.margin > 0)) wrong("compare: margin: expected points above 0, got {}.", *q.margin);
    if (q.ladder && !q.margin) wrong("compare: ladder: which margin? Say how many points do not matter: `margin: 1`.");
    if (!(q.alpha > 0 && q.alpha < 0.5))
      wrong("compare: alpha: expected more than 0 and less than 0.5, got {}.", q.alpha);
  }

  // The settings under a key, which what is wrong is told of.
  template <class Settings>
  void read_settings(const std::string& key, const OptionValues& values, Settings& settings) {
    try {
      settings = read_options<Settings>("compare", values, settings);
    } catch (const ConfigError& error) {
      const std::string text = error.what();
      wrong("{}: {}", key, text.substr(std::min(text.find("] ") + 2, text.size())));
    }
  }

  void read_budget(Budget& budget) {
    if (values_.count("budget")) return wrong("budget: expected a map as in {{steps: 600}}.");
    const auto values = below("budget");
    read_settings("budget", values, budget);
    if (values.size() > 1) wrong("budget: expected one of steps, parameters and seconds, got {}.", values.size());
    for (const auto& [name, value] : values) {
      if (!(budget.steps > 0 || budget.parameters > 0 || (budget.seconds > 0 && std::isfinite(budget.seconds))))
        wrong("budget: {}: expected a number above 0, got {}.", name, printable(value));
    }
  }

  void read_search(Spec& spec) {
    if (values_.count("search")) return wrong("search: expected a map as in {{trials: 8, space: {{...}}}}.");
    OptionValues settings, space;
    for (const auto& [name, value] : below("search")) {
      if (name.starts_with("space.")) {
        space[name.substr(6)] = value;
      } else {
        settings[name] = value;
      }
    }
    if (settings.empty() && space.empty()) return;
    auto& search = spec.search;
    read_settings("search", settings, search);
    if (search.trials < 2 || search.trials > 10'000)
      wrong("search: trials: expected 2 to 10000 configurations of each method, got {}.", search.trials);
    if (search.seeds < 1 || search.seeds > 99) wrong("search: seeds: expected 1 to 99, got {}.", search.seeds);
    if (search.eta < 2) wrong("search: eta: expected 2 or more, got {}.", search.eta);
    std::vector<std::string> methods;
    for (const auto& method : spec.methods)
      methods.push_back(method.name);
    read_space(space, methods, search, wrong_);
    if (search.space.empty() && search.own.empty())
      wrong("search: space is missing: which options? As in `space: {{lr: {{low: 1e-4, high: 0.1, scale: log}}}}`.");
    for (const auto seed : spec.seeds) {
      if (seed >= kFirstSearchSeed && seed < kFirstSearchSeed + search.seeds)
        wrong("seeds: {} is one that the search uses; what is compared has to be others.", seed);
    }
  }

  void read_exclude(Spec& spec) {
    for (const auto& [name, value] : below("exclude")) {
      const auto dot = name.find('.');
      if (dot == std::string::npos) {
        wrong("exclude: expected a list of maps as in [{{method: coop, data: flowers}}].");
        return;
      }
      const size_t place = std::stoul("0" + name.substr(0, name.find_first_not_of("0123456789")));
      const std::string axis = name.substr(dot + 1);
      if (std::find(kAxes.begin(), kAxes.end(), axis) == kAxes.end()) {
        wrong("exclude: {}", unknown_name("axis", axis, kAxes));
        continue;
      }
      if (place >= spec.exclude.size()) spec.exclude.resize(place + 1);
      spec.exclude[place][axis] = lines_of(value);
      const auto* named = axis == "method"  ? &spec.methods
                          : axis == "model" ? &spec.models
                          : axis == "data"  ? &spec.data
                                            : nullptr;
      if (!named) continue;
      std::vector<std::string> names;
      for (const auto& one : *named)
        names.push_back(one.name);
      for (const auto& word : lines_of(value)) {
        if (std::find(names.begin(), names.end(), word) == names.end())
          wrong("exclude: {}", unknown_name(axis, word, names));
      }
    }
  }

  OptionValues values_;
  fs::path file_;
  std::vector<std::string> wrong_;
};

}  // namespace

Spec parse_spec(const std::string& text, const fs::path& file) {
  return SpecReader(io::parse_yaml_options(text, printable(file.string()), io::ListsOfMaps::numbered), file).read();
}

Spec read_spec(const fs::path& file) {
  return parse_spec(read_file("compare", file, kMostBytesOfSpec), file);
}

}  // namespace graft::study
