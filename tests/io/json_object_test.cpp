#include "graft/io/json_object.h"

#include "tests/io/expect_error.h"
#include "tests/support/temp_folder.h"

namespace graft::io {
namespace {

JsonObject object(std::string_view text) {
  return JsonObject::parse(text, "clip/config.json");
}

TEST(JsonObject, GivesWhatIsThereAndTheFallbackForNullAndAbsence) {
  const auto json = object(R"({"heads": 12, "eps": 1e-5, "side": 224.0, "name": "vit", "on": true, "none": null})");
  EXPECT_EQ(json.get("heads", int64_t{8}), 12);
  EXPECT_EQ(json.get("side", int64_t{8}), 224);
  EXPECT_EQ(json.get("eps", 1.0), 1e-5);
  EXPECT_EQ(json.get("name", std::string()), "vit");
  EXPECT_TRUE(json.get("on", false));
  EXPECT_EQ(json.get("none", int64_t{8}), 8);
  EXPECT_EQ(json.get("absent", std::string("x")), "x");
  EXPECT_FALSE(json.has("none"));
}

TEST(JsonObject, SaysFileKeyExpectedAndGotOfAValueOfAnotherType) {
  const auto json = object(R"({"heads": "12", "eps": [1], "vision": {"width": 1.5, "on": 1}, "sizes": [1, "a"]})");
  EXPECT_ERROR(json.get("heads", int64_t{8}), FileError,
               "[json] clip/config.json: heads: expected a whole number, got \"12\".");
  EXPECT_ERROR(json.get("eps", 1.0), FileError, "eps: expected a number, got [1].");
  EXPECT_ERROR(json.object("vision").get("width", int64_t{8}), FileError,
               "vision.width: expected a whole number, got 1.5.");
  EXPECT_ERROR(json.object("vision").get("on", false), FileError, "vision.on: expected true or false, got 1.");
  EXPECT_ERROR(json.find<std::vector<int64_t>>("sizes"), FileError, "sizes[1]: expected a whole number, got \"a\".");
  EXPECT_ERROR(json.object("heads"), FileError, "heads: expected an object, got \"12\".");
  EXPECT_ERROR(json.need<std::string>("name"), FileError, "name: expected a value, got nothing.");
}

TEST(JsonObject, RefusesANumberThatNoIntegerHolds) {
  const auto json = object(R"({"a": 1e300, "b": 18446744073709551615})");
  EXPECT_ERROR(json.get("a", int64_t{0}), FileError, "a: expected a whole number, got 1e+300.");
  EXPECT_ERROR(json.get("b", int64_t{0}), FileError, "b: expected a whole number, got 18446744073709551615.");
}

TEST(JsonObject, RefusesANumberThatNoDoubleHolds) {
  EXPECT_ERROR(JsonObject::parse(R"({"a": 1e999})", "a.json"), FileError, "a.json: holds a number that is beyond");
}

TEST(JsonObject, RefusesTextThatIsNoObjectByItsLine) {
  EXPECT_ERROR(object("{\n\"a\": 1,\n oops"), FileError,
               "clip/config.json: no JSON from line 3 on. Is the file whole?");
  EXPECT_ERROR(object(""), FileError, "clip/config.json: no JSON from line 1 on.");
  EXPECT_ERROR(object("[1]"), FileError, "clip/config.json: expected a JSON object, got a list.");
  EXPECT_EQ(object("\xef\xbb\xbf{\"a\": 1}").get("a", int64_t{0}), 1);
}

TEST(JsonObject, ReadsAFileThatIsAListOfObjects) {
  const TempFolder folder;
  EXPECT_TRUE(JsonObject::read_list(folder.path() / "modules.json").empty());
  const auto file = folder.put("modules.json", R"([{"path": ""}, {"path": "1_Pooling", "idx": "one"}])");
  const auto modules = JsonObject::read_list(file);
  ASSERT_EQ(modules.size(), 2u);
  EXPECT_EQ(modules[1].get("path", std::string()), "1_Pooling");
  EXPECT_ERROR(modules[1].get("idx", int64_t{0}), FileError, "[1].idx: expected a whole number, got \"one\"");
  folder.put("modules.json", "{}");
  EXPECT_ERROR(JsonObject::read_list(file), FileError, "expected a list, got an object.");
  folder.put("modules.json", "[1]");
  EXPECT_ERROR(JsonObject::read_list(file), FileError, "[0]: expected an object, got 1");
}

TEST(JsonObject, KnowsWhatNobodyAskedFor) {
  const auto json = object(
      R"({"heads": 1, "new_trick": 2, "_version": "5", "off": false, "none": null,
          "vision": {"width": 1, "rope": "axial"}, "other": {"a": 1}, "parts": [{"x": 1, "y": 2}]})");
  json.get("heads", int64_t{0});
  json.object("vision").get("width", int64_t{0});
  json.objects("parts").front().get("x", int64_t{0});
  json.ignore({"_*"});
  EXPECT_THAT(json.unread(), testing::ElementsAre("new_trick", "other", "parts[0].y", "vision.rope"));
  EXPECT_THAT(json.unread(true),
              testing::ElementsAre("new_trick", "none", "off", "other", "parts[0].y", "vision.rope"));
  EXPECT_ERROR(json.refuse_unread("clip", "Remove them."), ModelError,
               "[clip] clip/config.json says new_trick, other, parts[0].y, vision.rope, which graft does not know. "
               "Remove them.");
}

TEST(JsonObject, RefusesAValueThatIsNotUnderstood) {
  const auto json = object(R"({"act": "mish", "bias": true, "none": null})");
  json.expect("bias", {true});
  json.expect("none", {1});
  EXPECT_ERROR(json.expect("act", {"gelu", "relu"}, "Use another."), ModelError,
               "clip/config.json: act = \"mish\": expected \"gelu\" or \"relu\". Use another.");
}

TEST(JsonObject, CutsALongValueInAMessage) {
  EXPECT_EQ(brief(std::string(100, 'x')), "\"" + std::string(59, 'x') + "...");
  EXPECT_EQ(brief("\xff"), "\"\xef\xbf\xbd\"");
}

TEST(JsonObject, IsNothingWhereThereIsNoFile) {
  const TempFolder folder;
  EXPECT_FALSE(JsonObject::read(folder.path() / "config.json").has_value());
  folder.put("config.json", "{}");
  EXPECT_TRUE(JsonObject::read(folder.path() / "config.json").value().empty());
}

}  // namespace
}  // namespace graft::io
