// What holds for every command that commands.def lists, tried on the program itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "graft/cli/command.h"
#include "graft/core/printable.h"
#include "graft/io/index_png.h"
#include "tests/cli/child.h"

namespace graft::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const fs::path kAssets = GRAFT_TEST_ASSETS;
const std::set<std::string> kPathOptions = {
    "model",      "data",         "classes",    "templates",  "output",   "resume",     "adapter",
    "text-model", "run",          "first",      "second",     "sites",    "config",     "html",
    "study",      "labels",       "folder",     "masks",      "csv",      "teacher",    "attention-from",
    "images",     "features",     "mapping",    "thesaurus",  "parents",  "rows",       "keep-out",
    "undo",       "ground-truth", "detections", "file",       "fix",      "validation", "validation-images",
    "hierarchy",  "set",          "weights",    "embeddings", "unrelated"};
// Text that names no file.
const std::set<std::string> kWords = {"as",
                                      "task",
                                      "precision",
                                      "device",
                                      "format",
                                      "method",
                                      "loss",
                                      "mix",
                                      "block",
                                      "distil",
                                      "plugin",
                                      "image-column",
                                      "label-column",
                                      "split-column",
                                      "train-split",
                                      "val-split",
                                      "test-split",
                                      "template",
                                      "memory",
                                      "at",
                                      "split",
                                      "match",
                                      "mean",
                                      "std",
                                      "text-column",
                                      "pair-column",
                                      "group-column",
                                      "label-separator",
                                      "caption-column",
                                      "shard",
                                      "against",
                                      "saliency",
                                      "refine",
                                      "clustering",
                                      "map",
                                      "to",
                                      "shares",
                                      "prompt",
                                      "doc-to-text",
                                      "doc-to-target",
                                      "chat-template"};

// A folder with what the examples of the commands name, made once: few photos, the embedded model in a Hugging Face
// cache, and a run.
class World : public testing::Environment {
 public:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "command-contract-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root = name;
    fs::current_path(root);
    for (const char* repository : {"openai--clip-vit-base-patch16", "facebook--dinov2-small"}) {
      const fs::path folder = root / "hub" / ("models--" + std::string(repository));
      fs::create_directories(folder / "refs");
      fs::create_directories(folder / "snapshots");
      std::ofstream(folder / "refs" / "main") << "1";
      fs::create_directory_symlink(kAssets / "clip_products", folder / "snapshots" / "1");
    }
    fs::create_directory_symlink(kAssets / "clip_products", "clip");
    copy_photos("pets/train", 16);
    copy_photos("pets/test", 2);
    fs::create_directories("holiday");
    for (const auto& photo : fs::directory_iterator("pets/test/Ties"))
      fs::copy_file(photo.path(), "holiday" / photo.path().filename());
    put_masks();
    put_sets();
    put_answers();
    fs::copy_file(kAssets.parent_path() / "tests/golden/onnx/colours.onnx", "net.onnx");
    fs::copy_file(kAssets.parent_path() / "tests/golden/models/fcos_basic/model.safetensors", "detector.safetensors");
    put_boxes();
    put_texts();
    std::ofstream("study.yaml")
        << "models: [clip]\ndata: [pets]\nmethods: [zero-shot, linear-probe]\nshots: [1]\nseeds: 2\n";
    for (const char* command :
         {"adapt", "segment train", "detect train", "lm train"}) {  // runs that other examples read
      const auto made = shell(examples(command)[0]);
      ASSERT_EQ(made.code, 0) << made.err;
    }
  }
  void TearDown() override {
    fs::current_path("/");
    fs::remove_all(root);
  }

  std::map<std::string, std::string> variables() const {
    return {{"HOME", root.string()},
            {"HF_HUB_CACHE", (root / "hub").string()},
            {"PATH", fs::path(GRAFT_TEST_PROGRAM).parent_path().string() + ":/usr/bin:/bin"},
            {"LC_ALL", "C.UTF-8"},
            {"GRAFT_EPOCHS", "1"},
            {"GRAFT_PRECISION", "fp32"},
            {"GRAFT_THREADS", "1"},
            {"GRAFT_FORCE", "yes"}};
  }
  Ended shell(const std::string& line) const {
    return run_child({.words = {"/bin/sh", "-c", line}, .environment = variables()});
  }
  Ended graft(std::vector<std::string> words, Child child = {}) const {
    child.words = {GRAFT_TEST_PROGRAM};
    child.words.insert(child.words.end(), words.begin(), words.end());
    for (const auto& [name, value] : variables())
      child.environment.try_emplace(name, value);
    return run_child(child);
  }
  static std::vector<std::string> examples(std::string_view command) {
    std::vector<std::string> lines;
    std::istringstream stream(find_command(command).examples);
    for (std::string line; std::getline(stream, line);)
      lines.push_back(line);
    return lines;
  }

  fs::path root;

 private:
  // What segment discover would write, and a truth for it: of each photo the left half. Likewise for the test photos.
  static void put_masks() {
    for (const char* folder : {"seg/images", "seg/masks", "truth", "pets-masks"})
      fs::create_directories(folder);
    std::ofstream("seg/classes.txt") << "background\nobject\n";
    for (const auto& photo : fs::directory_iterator("pets/train/Ties")) {
      fs::copy_file(photo.path(), "seg/images" / photo.path().filename());
      for (const char* folder : {"seg/masks", "truth"})
        put_mask(photo.path(), folder);
    }
    for (const char* name : {"Ties", "Watches"}) {
      for (const auto& photo : fs::directory_iterator(fs::path("pets/test") / name))
        put_mask(photo.path(), "pets-masks");
    }
  }
  // Two sets of boxes, and which class of theirs is which.
  static void put_sets() {
    for (const char* name : {"a.json", "b.json"}) {
      std::ofstream(name) << R"({"images":[{"id":1,"file_name":"1.jpg","width":64,"height":48}],
        "categories":[{"id":1,"name":"dog"},{"id":2,"name":"cup"}],
        "annotations":[{"id":1,"image_id":1,"category_id":1,"bbox":[1,2,30,40],"area":1200,"iscrowd":0}]})";
    }
    std::ofstream("mapping.csv") << "source,source_name,action,target\ncoco,dog,map,dog\ncoco,cup,map,cup\n"
                                    "lvis,dog,map,dog\nlvis,cup,drop,\n";
  }
  // Boxes, and what two detectors say of them.
  static void put_answers() {
    std::ofstream("instances.json") << R"({"images":[{"id":1,"file_name":"1.jpg","width":64,"height":48}],
        "categories":[{"id":1,"name":"dog"}],
        "annotations":[{"id":1,"image_id":1,"category_id":1,"bbox":[1,2,30,40],"area":1200,"iscrowd":0}]})";
    for (const char* name : {"results.json", "first.json", "second.json"})
      std::ofstream(name) << R"([{"image_id":1,"category_id":1,"bbox":[1,2,30,39],"score":0.5}])";
  }
  // In each holiday photo one box.
  static void put_boxes() {
    nlohmann::json set{{"categories", {{{"id", 1}, {"name", "tie"}}, {{"id", 3}, {"name", "watch"}}}}};
    int64_t id = 0;
    for (const auto& photo : fs::directory_iterator("holiday")) {
      const auto image = io::read_image(photo.path());
      set["images"].push_back(
          {{"id", ++id}, {"file_name", photo.path().string()}, {"width", image.width}, {"height", image.height}});
      set["annotations"].push_back({{"id", id},
                                    {"image_id", id},
                                    {"category_id", 1 + 2 * (id % 2)},
                                    {"bbox", {4, 6, image.width - 10, image.height - 12}},
                                    {"area", (image.width - 10) * (image.height - 12)},
                                    {"iscrowd", 0}});
    }
    std::ofstream("boxes.json") << set;
  }
  // A language model, what it learns, and what it is asked.
  static void put_texts() {
    fs::create_directory_symlink(kAssets.parent_path() / "tests/golden/models/stories260K", "stories");
    std::ofstream texts("answers.jsonl");
    for (const char* answer : {"a dog", "a cat", "a ball"})
      texts << R"({"prompt": "Tom saw", "completion": " )" << answer << "\"}\n";
    std::ofstream("pairs.jsonl") << R"({"prompt": "Once upon a", "completion": " time"})"
                                 << "\n";
    std::ofstream("kinds.csv") << "split,thing,kind\ntrain,cat,pet\ntrain,car,toy\ntest,dog,pet\ntest,ball,toy\n";
    std::ofstream("kinds.yaml") << "output_type: multiple_choice\ndoc_to_text: '{{thing}}'\ndoc_to_target: kind\n";
  }
  static void put_mask(const fs::path& photo, const fs::path& folder) {
    const auto image = io::read_image(photo);
    io::IndexImage mask{image.width, image.height, {}, {}};
    for (int i = 0; i < image.width * image.height; ++i)
      mask.classes.push_back(i % image.width < image.width / 2 ? 1 : 0);
    io::write_index_png(folder / photo.filename().replace_extension(".png"), mask);
  }
  static void copy_photos(const fs::path& to, int count) {
    for (const char* name : {"Ties", "Watches"}) {
      fs::create_directories(to / name);
      std::vector<fs::path> photos;
      for (const auto& photo : fs::directory_iterator(kAssets / "fashion_products" / "images" / name))
        photos.push_back(photo.path());
      std::sort(photos.begin(), photos.end());
      if (count < 16) std::reverse(photos.begin(), photos.end());
      for (int i = 0; i < count; ++i)
        fs::copy_file(photos[static_cast<size_t>(i)], to / name / photos[static_cast<size_t>(i)].filename());
    }
  }
};

World& world() {
  static World* const made = dynamic_cast<World*>(testing::AddGlobalTestEnvironment(new World));
  return *made;
}
[[maybe_unused]] const World& kMadeBeforeTheTests = world();

// All but the demo, which trains for a minute (demo.clitest), by the first example of each.
std::vector<std::string> first_examples() {
  std::vector<std::string> lines;
  for (const auto& command : commands()) {
    if (std::string_view(command.name) != "demo") lines.push_back(World::examples(command.name)[0]);
  }
  return lines;
}

// Two at a time.
template <class Item>
void for_all(const std::vector<Item>& items, const std::function<void(const Item&)>& check) {
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < items.size(); i = next++)
      check(items[i]);
  };
  std::jthread other(work);
  work();
}

bool is_said_in_one_go(const Ended& ended) {
  return ended.err.starts_with('[') || ended.err.find("\n[") != std::string::npos;
}

TEST(EveryCommand, RunsTheFirstExampleOfItsHelp) {
  for (const auto& line : first_examples()) {
    const auto ended = world().shell(line);
    EXPECT_EQ(ended.code, 0) << line << "\n" << ended.err;
  }
}

// Notes that concern numbers are said all the same.
std::string without_notes(const std::string& said) {
  std::istringstream lines(said);
  std::string rest;
  for (std::string one; std::getline(lines, one);)
    if (!one.starts_with("note    ")) rest += one + "\n";
  return rest;
}

TEST(EveryCommand, WithJsonPrintsJsonAloneAndSaysNothing) {
  for (const auto& line : first_examples()) {
    const auto ended = world().shell(line + " --json");
    EXPECT_EQ(ended.code, 0) << line << "\n" << ended.err;
    EXPECT_THAT(without_notes(ended.err), IsEmpty()) << line;
    EXPECT_THAT(ended.out, Not(IsEmpty())) << line;
    std::istringstream lines(ended.out);
    for (std::string one; std::getline(lines, one);)
      EXPECT_TRUE(nlohmann::json::accept(one)) << line << ": " << one;
  }
}

TEST(EveryCommand, QuietSaysNothing) {
  for (const auto& line : first_examples()) {
    const auto ended = world().shell(line + " -q");
    EXPECT_EQ(ended.code, 0) << line;
    EXPECT_THAT(without_notes(ended.err), IsEmpty()) << line;
  }
}

TEST(EveryCommand, LivesWithStreamsThatAreClosedOrFull) {
  auto lines = first_examples();
  for (auto& line : lines) {  // the others read the runs meanwhile
    if (const auto place = line.find("-o runs/"); place != std::string::npos) line.replace(place, 8, "-o more/");
  }
  for_all<std::string>(lines, [](const std::string& line) {
    const bool prints = line.starts_with("graft features") == false;  // its result is a file
    for (const char* streams : {" >&-", " >/dev/full"}) {
      const auto ended = world().shell(line + streams);
      EXPECT_EQ(ended.code, prints ? 3 : 0) << line << streams << "\n" << ended.err;
      if (prints) {
        EXPECT_THAT(ended.err, HasSubstr("[output] stdout: could not be written")) << line << streams;
      }
    }
    const auto both = world().shell(line + " 2>&- >&-");
    EXPECT_EQ(both.code, prints ? 3 : 0) << line;
    for (const char* streams : {" 2>&-", " 2>/dev/full", " <&- 2>&-"}) {
      if (line.starts_with("echo") && streams[1] == '<') continue;  // it reads from there
      const auto ended = world().shell(line + streams);
      EXPECT_EQ(ended.code, 0) << line << streams;
      EXPECT_EQ(ended.out.empty(), !prints) << line << streams;
    }
  });
}

TEST(EveryCommand, EndsQuietlyWhenItsReaderIsGone) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"methods"}, {"models"}, {"predict", "runs/pets", "holiday", "-q"}, {"--help"}}) {
    const auto ended = world().graft(words, {.words = {}, .out = Stream::unread});
    EXPECT_EQ(ended.code, 128 + SIGPIPE) << words[0];
    EXPECT_FALSE(ended.killed) << words[0];
    EXPECT_THAT(ended.err, Not(HasSubstr("["))) << words[0];
  }
}

TEST(EveryCommand, KnowsItsPathsFromItsWords) {
  for (const auto& command : commands()) {
    for (const auto& info : command.options()) {
      if (info.type == "text") {
        EXPECT_TRUE(kPathOptions.count(info.name) + kWords.count(info.name) == 1) << info.name;
      }
    }
  }
}

// A call of each command that works, to put something odd into.
std::vector<std::string> sound_call(const std::string& command) {
  if (command == "adapt" || command == "plan") {
    return {command, "--model", "clip", "--data", "pets", "--method", "lora", "--shots", "1", "-q"};
  }
  if (command == "data check") return {"data", "check", "-q", "--file", "instances.json"};
  if (command == "data convert")
    return {"data", "convert", "-q", "--to", "coco", "--output", "odd/boxes.json", "--file", "instances.json"};
  if (command == "evaluate") return {command, "--run", "runs/pets", "-q"};
  if (command == "merge") return {command, "--run", "runs/pets", "-q", "--output", "odd/merged"};
  if (command == "predict") return {command, "--run", "runs/pets", "-q", "holiday"};
  if (command == "search") return {command, "--model", "clip", "--data", "holiday", "-q", "ties"};
  if (command == "segment train") {
    return {"segment",  "train",        "--model", "clip",     "--data",      "seg",
            "--method", "linear-probe", "-q",      "--output", "odd/segments"};
  }
  if (command == "detect train") {
    return {"detect", "train",    "--model",  "detector.safetensors", "--data", "boxes.json", "--image-size", "64",
            "-q",     "--output", "odd/boxes"};
  }
  if (command == "lm train")
    return {"lm", "train", "--model", "stories", "--data", "answers.jsonl", "-q", "--output", "odd/lm"};
  if (command == "detect predict") return {"detect", "predict", "--model", "detector.safetensors", "-q", "holiday"};
  if (command == "segment predict")
    return {"segment", "predict", "--model", "net.onnx", "--side", "16", "-q", "holiday"};
  if (command == "segment evaluate") return {"segment", "evaluate", "--folder", "seg", "--masks", "truth", "-q"};
  if (command == "lm generate") return {"lm", "generate", "--model", "lm", "--prompt", "a", "--max-tokens", "2", "-q"};
  if (command == "lm export") return {"lm", "export", "--run", "runs/stories", "-q", "--output", "odd/lora.gguf"};
  if (command == "lm score") return {"lm", "score", "--model", "lm", "--data", "pairs.jsonl", "-q"};
  if (command == "lm prompt")
    return {"lm", "prompt", "--model", "lm", "--data", "kinds.csv", "--template", "kinds.yaml", "-q"};
  if (command == "data evaluate")
    return {"data", "evaluate", "--ground-truth", "instances.json", "--detections", "results.json", "-q"};
  if (command == "data compare") return {"data", "compare", "instances.json", "first.json", "second.json", "-q"};
  if (command == "segment swap") return {"segment", "swap", "--run", "runs/pets", "--masks", "pets-masks", "-q"};
  if (command == "zero-shot") return {command, "--model", "clip", "--data", "pets", "-q"};
  if (command == "compare") return {command, "--study", "study.yaml", "-q", "--output", "odd/study"};
  if (command == "features") {
    return {command, "--model", "clip", "--data", "holiday", "--output", "odd/f.safetensors", "-q"};
  }
  if (command == "segment discover") {
    return {"segment", "discover", "--images", "pets", "--features", "clip", "-q", "--output", "odd/seg"};
  }
  return {command, "-q"};
}

TEST(EveryCommand, RefusesWhatIsNoFileOrNoFolderInOneMessage) {
  fs::create_directories("odd/folder");
  const std::vector<std::string> names = {"odd/a b", "odd/a=b", "odd/-x", "odd/new\nline", "odd/\xff\xfe", "odd/empty"};
  for (const auto& name : names)
    std::ofstream(name).close();
  std::vector<std::vector<std::string>> calls;
  size_t turn = 0;
  for (const auto& command : commands()) {
    auto options = command.options();
    options.push_back({"config", "text", "", ""});
    for (const auto& info : options) {
      if (kPathOptions.count(info.name) == 0 || std::string_view(command.name) == "demo") continue;
      for (const auto& path : {std::string("odd/folder"), std::string("odd/missing"), std::string("/proc/self/mem"),
                               names[turn++ % names.size()]}) {
        if (info.name == "output" && path == "odd/folder") continue;  // may be written into
        auto words = sound_call(command.name);
        words.push_back("--" + info.name + "=" + path);
        calls.push_back(words);
      }
    }
  }
  for_all<std::vector<std::string>>(calls, [](const std::vector<std::string>& words) {
    const auto ended = world().graft(words, {.words = {}, .at_most_milliseconds = 20'000});
    const std::string shown = words[0] + " " + printable(words.back()) + "\n" + ended.err;
    EXPECT_FALSE(ended.hung || ended.killed) << shown;
    EXPECT_THAT(ended.code, testing::AnyOf(0, 2, 3, 4)) << shown;
    if (ended.code != 0) {
      EXPECT_TRUE(is_said_in_one_go(ended)) << shown;
    }
    for (const char* foreign : {"std::", "basic_", "c10", "nlohmann", "yaml-cpp", "json.exception", "terminate"})
      EXPECT_THAT(ended.err, Not(HasSubstr(foreign))) << shown;
  });
}

TEST(EveryCommand, TakesPathsThatLookLikeSomethingElse) {
  for (const std::string name : {"threads=2", "a b", "-run", "new\nline", "\xff\xfe"}) {
    fs::create_directory_symlink("runs/pets", name);
    const std::string photo = name + ".jpg";
    fs::copy_file(fs::directory_iterator("holiday")->path(), photo);
    const auto ended = name == "threads=2" ? world().graft({"predict", name, photo, "-q"})
                                           : world().graft({"predict", "-q", "--", name, photo});
    EXPECT_EQ(ended.code, 0) << name << ended.err;
    EXPECT_EQ(std::count(ended.out.begin(), ended.out.end(), '\n'), 1) << ended.out;
    const auto linked = world().graft({"zero-shot", "--model=clip", "--data=pets", "-q", "-o", name + ".jsonl"});
    EXPECT_EQ(linked.code, 0) << name << linked.err;
    EXPECT_TRUE(fs::exists(name + ".jsonl")) << name;
  }
}

TEST(EveryCommand, StopsWithinASecondAtAnyStage) {
  std::vector<std::pair<std::string, int>> cases;
  for (const char* command : {"adapt", "plan", "evaluate", "predict", "zero-shot", "features", "search", "merge"}) {
    for (const int after : {150, 300, 450, 600})
      cases.emplace_back(command, after);
  }
  for (const int after : {500, 1500, 3000})
    cases.emplace_back("demo", after);
  cases.emplace_back("tokenize", 300);
  for_all<std::pair<std::string, int>>(cases, [](const auto& one) {
    const auto& [command, after] = one;
    std::vector<std::string> words = sound_call(command);
    if (command == "adapt") words.insert(words.end(), {"--epochs", "200", "-o", "odd/run" + std::to_string(after)});
    if (command == "merge") words.insert(words.end(), {"-o", "odd/merged" + std::to_string(after)});
    if (command == "demo") words.insert(words.end(), {"-o", "odd/demo" + std::to_string(after)});
    const auto ended =
        world().graft(words, {.words = {}, .waits_for_input = true, .signal = SIGINT, .after_milliseconds = after});
    EXPECT_FALSE(ended.hung) << command;
    EXPECT_THAT(ended.code, testing::AnyOf(0, 130)) << command << " after " << after << " ms: " << ended.err;
    EXPECT_LT(ended.milliseconds, 2000) << command << " after " << after << " ms";  // of two programs on two cores
  });
  for (const auto& entry : fs::recursive_directory_iterator(world().root))
    EXPECT_NE(entry.path().extension(), ".partial") << entry.path();
}

TEST(EveryCommand, GoesOnWhenTheTerminalCloses) {
  const auto ended = world().graft({"zero-shot", "--model=clip", "--data=pets", "-q"},
                                   {.words = {}, .signal = SIGHUP, .after_milliseconds = 150});
  EXPECT_THAT(ended.code, testing::AnyOf(0, 128 + SIGHUP));  // the latter before main() began
  EXPECT_FALSE(ended.hung);
}

#ifdef GRAFT_TEST_FEW_THREADS
TEST(EveryCommand, ComputesWithTheThreadsThatTheSystemStarts) {
  std::vector<std::pair<std::string, std::string>> cases;
  for (const char* most : {"0", "1", "4"}) {
    for (const char* command : {"adapt", "predict", "features"})
      cases.emplace_back(command, most);
  }
  for_all<std::pair<std::string, std::string>>(cases, [](const auto& one) {
    const auto& [command, most] = one;
    auto words = sound_call(command);
    words.insert(words.end(), {"--threads", "8", "--workers", "6"});
    const auto ended =
        world().graft(words, {.words = {},
                              .environment = {{"LD_PRELOAD", GRAFT_TEST_FEW_THREADS}, {"FEW_THREADS", most}},
                              .at_most_milliseconds = 30'000});
    EXPECT_FALSE(ended.hung) << command << " with " << most;
    EXPECT_EQ(ended.code, 0) << command << " with " << most << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("the system starts no more threads")) << command;
  });
}
#endif

TEST(EveryCommand, ComputesWithFewerThreadsThanAreOfNoUse) {
  const auto ended = world().graft({"predict", "runs/pets", "holiday", "-q", "--threads", "9999"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.err, HasSubstr("9999 threads on"));
}

}  // namespace
}  // namespace graft::cli
