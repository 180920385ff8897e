// A study on disk: runs/IDENTITY.json, items/HASH.json, budgets/KEY.yaml, locks/. Several processes may work in one
// folder at once: each takes runs that nobody has, holds a lock on a run while it computes it, and a lock ends with its
// process however that ends. A result file is there whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "graft/study/run_result.h"

namespace graft::study {

class StudyFolder {
 public:
  // Made where there is none, but for one that only looks. ConfigError for a folder that holds something else;
  // FileError where it cannot be made.
  enum class Access { write, look };
  explicit StudyFolder(std::filesystem::path path, Access access = Access::write);

  const std::filesystem::path& path() const { return path_; }
  std::optional<RunResult> find(const std::string& identity) const;
  Items items(const std::string& hash) const;

  // Of a run that this process computes now: nobody else has it while this lives.
  class Claim {
   public:
    explicit Claim(int file) : file_(file) {}
    Claim(Claim&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
    Claim& operator=(Claim&&) = delete;
    ~Claim();

   private:
    int file_;
  };
  std::optional<Claim> claim(const std::string& identity) const;  // nothing: another process has it

  void add(const RunResult& result);
  std::string add(const Items& items);  // their hash

  // What a budget came to, which depends on how fast the machine was: the first answer counts. Empty: none yet.
  OptionValues solved(const std::string& key) const;
  void add_solved(const std::string& key, const OptionValues& options);
  bool writes() const { return access_ == Access::write; }

  // Results of another folder with the same study, of another machine: those that are not here. How many.
  int64_t take_from(const std::filesystem::path& other);

 private:
  std::filesystem::path path_;
  Access access_;
};

}  // namespace graft::study
