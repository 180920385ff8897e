#include "graft/io/hub.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "graft/core/error.h"

namespace graft::io {
namespace {

namespace fs = std::filesystem;

// refs/main holds the commit that the branch was at when it was downloaded.
std::string first_word(const fs::path& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

// "org/name", "name" (as of old: gpt2), each perhaps with "@revision".
bool looks_like_repository(std::string_view typed) {
  const auto plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  };
  const auto name = typed.substr(0, typed.find('@'));
  return !name.empty() && name.front() != '.' && name.front() != '/' && name.back() != '/' &&
         std::count(name.begin(), name.end(), '/') <= 1 &&
         std::all_of(name.begin(), name.end(), [&](char c) { return plain(c) || c == '/'; });
}

// models--org--name/{refs/<branch>, snapshots/<commit>}, as huggingface_hub lays it out.
std::optional<fs::path> find_snapshot(const fs::path& cache, std::string_view name, const std::string& revision) {
  std::string folder = "models--";
  for (const char c : name)
    c == '/' ? folder += "--" : folder += c;
  const fs::path repository = cache / folder;
  const std::string commit = first_word(repository / "refs" / revision);
  for (const auto& snapshot : {commit, revision}) {
    const fs::path path = repository / "snapshots" / snapshot;
    if (!snapshot.empty() && is_folder(path)) return path;
  }
  return std::nullopt;
}

}  // namespace

std::vector<fs::path> hub_caches(const Environment& environment) {
  const auto value = [&](std::string_view name) { return environment(name).value_or(""); };
  std::vector<fs::path> caches;
  const auto add = [&](const fs::path& base, const fs::path& below) {
    const fs::path cache = below.empty() ? base : base / below;
    if (!base.empty() && std::find(caches.begin(), caches.end(), cache) == caches.end()) caches.push_back(cache);
  };
  add(value("HF_HUB_CACHE"), "");
  add(value("HUGGINGFACE_HUB_CACHE"), "");
  add(value("HF_HOME"), "hub");
  add(value("XDG_CACHE_HOME"), "huggingface/hub");
  add(value("HOME"), ".cache/huggingface/hub");
  return caches;
}

fs::path resolve_model(std::string_view typed, const Environment& environment) {
  std::error_code ignored;
  if (typed.empty()) throw FileError("model", "no model was named. Give a file, a folder, or org/name.");
  if (fs::exists(fs::path(typed), ignored)) return fs::path(typed);

  std::vector<std::string> looked{fmt::format("{} (no such file or folder)", fs::absolute(typed, ignored).string())};
  if (looks_like_repository(typed)) {
    const auto at = typed.find('@');
    const std::string revision(at == std::string_view::npos ? "main" : typed.substr(at + 1));
    for (const auto& cache : hub_caches(environment)) {
      if (const auto snapshot = find_snapshot(cache, typed.substr(0, at), revision)) return *snapshot;
      looked.push_back(fmt::format("{} ({})", cache.string(),
                                   is_folder(cache) ? "it does not hold the model at " + revision : "no such folder"));
    }
  }
  throw FileError("model",
                  "no model '{}'. Nothing is downloaded: give a file, a folder, or org/name of a model in the Hugging "
                  "Face cache. Looked at:\n  {}",
                  typed, fmt::join(looked, "\n  "));
}

}  // namespace graft::io
