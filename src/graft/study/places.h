// The models with their data that a study's runs are of, opened once and shared by them, and what makes a run known
// again: its options as they come to, and the content of weights and data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "graft/core/log.h"
#include "graft/core/options.h"
#include "graft/engine/options.h"
#include "graft/engine/session.h"

namespace graft::study {

engine::ModelOptions model_options(const OptionValues& run);
engine::DataOptions data_options(const OptionValues& run);
bool is_zero_shot(const OptionValues& run);

// The options that say which model with which data, as one key.
std::string place_key(const OptionValues& run);

// Of a run inside a study only its warnings are told, each once, with whose it is.
class InsideStudy final : public Reporter {
 public:
  explicit InsideStudy(Reporter& outside) : outside_(outside) {}
  std::string who;
  void line(std::string_view, std::string_view) override {}
  void warn(std::string_view text) override;
  void note(const Note& note) override;
  void progress(const Progress&) override {}

 private:
  Reporter& outside_;
  std::set<std::string> told_;
};

struct Place {
  InsideStudy inside;
  std::unique_ptr<engine::Session> session;
};

class Places {
 public:
  Places(const engine::Host& host, Reporter& report) : host_(host), report_(report) {}

  // The first time the model and data are told of, and their content is read. A few are held at once.
  Place& open(const OptionValues& run);
  struct Known {
    std::string content;         // hash of weights and data
    std::filesystem::path root;  // of the data's files
    int64_t classes = 0;
  };
  bool is_known(const std::string& place) const { return known_.count(place) > 0; }
  const Known& known(const std::string& place) const { return known_.at(place); }

  // The name of a run's result: the same wherever model, data and prompts lie. Its place is known.
  std::string identity(const OptionValues& run) const;

 private:
  engine::Host host_;
  Reporter& report_;
  std::map<std::string, std::unique_ptr<Place>> open_;
  std::map<std::string, Known> known_;
};

}  // namespace graft::study
