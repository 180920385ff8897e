#include "graft/engine/resume.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "graft/core/error.h"
#include "graft/engine/run_config.h"
#include "graft/io/yaml_options.h"
#include "graft/tensor/precision.h"
#include "graft/train/checkpoint.h"

namespace graft::engine {
namespace {

namespace fs = std::filesystem;

template <class T>
std::string as_written(const OptionInfo& info, const std::string& text) {
  T value{};
  option::parse("resume", info.name, text, value);
  return option::print(value);
}

// A value as config.yaml would have it: 1e-3 is 0.001.
std::string canonical(const OptionInfo& info, const std::string& text) {
  if (text.empty()) return text;
  if (info.type == "integer") return as_written<int64_t>(info, text);
  if (info.type == "number") return as_written<double>(info, text);
  if (info.type == "yes/no") return as_written<bool>(info, text);
  if (info.type == "list") return as_written<std::vector<std::string>>(info, text);
  return text;
}

bool same_folder(const std::string& a, const std::string& b) {
  const auto whole = [](const std::string& path) {
    std::error_code error;
    const auto found = fs::weakly_canonical(path, error);
    return error ? fs::path(path) : found;
  };
  return whole(a) == whole(b);
}

// Looks at one option after the other, and keeps what is wrong.
class Beside {
 public:
  Beside(std::string folder, OptionValues run) : folder_(std::move(folder)), run_(std::move(run)) {
    infos_ = describe_options<AdaptOptions>();
    for (auto& info : method_option_infos(run_["method"]))
      infos_.push_back(std::move(info));
  }

  void look_at(const OptionValues& given) {
    for (const auto& [name, text] : given) {
      if (!text.empty() && name != "resume" && name != "template" && name != "templates") look_at(name, text);
    }
    look_at_templates(given);
    if (wrong_.empty()) return;
    throw UsageError("resume",
                     "{} goes on as it was begun, and nothing was touched:{}\n  Leave them out (flags, GRAFT_... and "
                     "--config alike), or start a new run with -o. What may be others: {}.",
                     folder_, wrong_,
                     "--workers, --threads, --cache, --recompute, --memory, --keep, "
                     "--checkpoint-every, --on-bad-file, and --epochs where the schedule is constant");
  }

  const OptionValues& run() const { return run_; }

 private:
  void look_at(const std::string& name, const std::string& text) {
    if (name == "force") {
      if (text == "true") refuse(name, "", "a run that goes on is not written over");
      return;
    }
    if (name == "output") {
      if (!same_folder(text, folder_)) refuse(name, text, "the run stays in " + folder_);
      return;
    }
    const auto info = std::find_if(infos_.begin(), infos_.end(), [&](const auto& i) { return i.name == name; });
    if (info == infos_.end()) {
      refuse(name, text, fmt::format("the run's method is {}, which has no such option", run_["method"]));
      return;
    }
    const std::string now = canonical(*info, text);
    if (may_change(name)) {
      run_[name] = now;
    } else if (!is_same(name, now, run_[name])) {
      if (name != "epochs") return refuse(name, text, has(run_[name]));
      const std::string why = why_not_epochs(std::stoll(now));
      if (!why.empty()) return refuse(name, text, why);
      run_[name] = now;
    }
  }

  void look_at_templates(const OptionValues& given) {
    const auto value = [&](const char* name) {
      const auto found = given.find(name);
      return found == given.end() ? std::string() : found->second;
    };
    const std::string text = value("template"), file = value("templates");
    if (text.empty() && file.empty()) return;
    if (fmt::format("{}", fmt::join(read_templates(text, file), "\n")) == run_["template"]) return;
    refuse(file.empty() ? "template" : "templates", file.empty() ? text : file, has(run_["template"]));
  }

  static std::string has(const std::string& value) {
    return value.empty() ? "the run has none" : "the run has " + value;
  }

  static bool is_same(const std::string& name, const std::string& now, const std::string& then) {
    if (now == then) return true;
    if (is_place(name) && name != "labels") return !then.empty() && same_folder(now, then);
    if (name == "precision" && now == "auto") return then == tensor::to_string(tensor::default_precision());
    return false;
  }

  // Empty where a run of so many epochs has the same bits up to here.
  std::string why_not_epochs(int64_t epochs) {
    const std::string before = has(run_["epochs"]);
    const std::string constant = option::print(methods::ScheduleKind::constant);
    if (run_["schedule"] != constant) {
      return fmt::format(
          "{}, over which its schedule, {}, spreads the learning rate; only with a {} one may they be "
          "others",
          before, run_["schedule"], constant);
    }
    const auto checkpoint = train::load_last_checkpoint(fs::path(folder_) / "checkpoints");
    const int64_t done = checkpoint ? checkpoint->epoch + (checkpoint->batch > 0 ? 1 : 0) : 0;
    if (epochs < done) return fmt::format("{}, and {} are done or begun", before, done);
    const auto number = [&](const char* name) {
      return std::stoll(as_written<int64_t>({name, "integer", "", ""}, run_[name]));
    };
    const int64_t patience = number("patience"), every = number("val-every"), had = number("epochs");
    if (patience > 0 && (every == 0 || had % every != 0)) {
      return fmt::format("{}, and its last validation counts for --patience", before);
    }
    return "";
  }

  void refuse(const std::string& name, const std::string& text, const std::string& why) {
    wrong_ += fmt::format("\n  --{}{}{} was given beside --resume: {}.", name, text.empty() ? "" : " ", text, why);
  }

  std::string folder_;
  OptionValues run_;
  std::vector<OptionInfo> infos_;
  std::string wrong_;
};

}  // namespace

AdaptRequest resumed_request(const std::string& folder, const OptionValues& given) {
  const auto file = fs::path(folder) / "config.yaml";
  if (!fs::exists(file)) {
    throw FileError("resume", "{} holds no config.yaml: nothing to go on with. Is it a run folder?", folder);
  }
  Beside beside(folder, resolved(read_adapt_request(io::read_yaml_options(file))));
  beside.look_at(given);
  AdaptRequest request = read_adapt_request(beside.run());
  request.options.resume = folder;
  return request;
}

OptionValues given_options(const AdaptOptions& options, const OptionValues& method_options) {
  OptionValues given = method_options;
  for (const auto& info : describe_options<AdaptOptions>())
    given.erase(info.name);
  const OptionValues defaults = write_options(AdaptOptions{});
  for (const auto& [name, text] : write_options(options)) {
    if (text != defaults.at(name)) given[name] = text;
  }
  return given;
}

}  // namespace graft::engine
