#include "graft/io/hub.h"

#include <map>

#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::io {
namespace {

Environment environment(std::map<std::string, std::string, std::less<>> values) {
  return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

// As huggingface_hub leaves it after a download.
void put_snapshot(const TempFolder& folder, const std::string& cache, const std::string& repository) {
  folder.put(cache + "/models--" + repository + "/refs/main", "abc123");
  folder.put(cache + "/models--" + repository + "/snapshots/abc123/config.json", "{}");
}

TEST(Hub, LooksWhereTheHuggingFaceLibrariesWould) {
  EXPECT_THAT(
      hub_caches(environment({{"HF_HUB_CACHE", "/a"}, {"HF_HOME", "/b"}, {"XDG_CACHE_HOME", "/c"}, {"HOME", "/d"}})),
      testing::ElementsAre("/a", "/b/hub", "/c/huggingface/hub", "/d/.cache/huggingface/hub"));
  EXPECT_THAT(hub_caches(environment({})), testing::IsEmpty());
}

TEST(Hub, TakesAnExistingFileOrFolderFirst) {
  const TempFolder folder;
  const auto file = folder.put("model.pt", "x");
  EXPECT_EQ(resolve_model(file.string(), environment({})), file);
  EXPECT_EQ(resolve_model(folder.path().string(), environment({})), folder.path());
}

TEST(Hub, FindsTheSnapshotOfARepository) {
  const TempFolder folder;
  put_snapshot(folder, "home/hub", "openai--clip-vit");
  put_snapshot(folder, "home/hub", "gpt2");
  const auto env = environment({{"HF_HOME", (folder.path() / "home").string()}, {"HF_HUB_CACHE", "/nowhere"}});
  const auto hub = folder.path() / "home/hub";
  EXPECT_EQ(resolve_model("openai/clip-vit", env), hub / "models--openai--clip-vit/snapshots/abc123");
  EXPECT_EQ(resolve_model("openai/clip-vit@main", env), hub / "models--openai--clip-vit/snapshots/abc123");
  EXPECT_EQ(resolve_model("openai/clip-vit@abc123", env), hub / "models--openai--clip-vit/snapshots/abc123");
  EXPECT_EQ(resolve_model("gpt2", env), hub / "models--gpt2/snapshots/abc123");
}

TEST(Hub, SaysWhereItLooked) {
  const TempFolder folder;
  put_snapshot(folder, "cache", "org--name");
  const auto env = environment({{"HF_HUB_CACHE", (folder.path() / "cache").string()}, {"HOME", "/nowhere"}});
  EXPECT_ERROR(
      resolve_model("org/other", env), FileError,
      fmt::format("cache (it does not hold the model at main)\n  /nowhere/.cache/huggingface/hub (no such folder)"));
  EXPECT_ERROR(resolve_model("org/name@v2", env), FileError, "it does not hold the model at v2");
  EXPECT_ERROR(resolve_model("./missing/model.pt", env), FileError, "missing/model.pt (no such file or folder)");
  EXPECT_ERROR(resolve_model("", env), FileError, "no model was named");
}

}  // namespace
}  // namespace graft::io
