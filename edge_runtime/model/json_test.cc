#include "edge_runtime/model/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace bonsai::edge {
namespace {

JsonValue ParseOrDie(std::string_view text) {
  std::string error;
  auto value = JsonValue::Parse(text, &error);
  EXPECT_TRUE(value.has_value()) << error;
  return value.value_or(JsonValue());
}

std::string ErrorOf(std::string_view text, const JsonLimits& limits = {}) {
  std::string error;
  EXPECT_FALSE(JsonValue::Parse(text, &error, limits).has_value()) << text;
  return error;
}

TEST(JsonTest, ReadsEveryKindOfValue) {
  const JsonValue root =
      ParseOrDie(R"( {"a": [1, -2.5e3, true, false, null, "x"], "b": {}, "c": 9007199254740993} )");
  const auto& items = root.Find("a")->items();
  ASSERT_EQ(items.size(), 6u);
  EXPECT_EQ(items[0].integer(), 1);
  EXPECT_EQ(items[1].number(), -2500.0);
  EXPECT_FALSE(items[1].integer().has_value());
  EXPECT_TRUE(items[2].boolean());
  EXPECT_TRUE(items[3].is_bool());
  EXPECT_TRUE(items[4].is_null());
  EXPECT_EQ(items[5].string(), "x");
  EXPECT_TRUE(root.Find("b")->is_object());
  EXPECT_EQ(root.Find("c")->integer(), 9007199254740993);  // beyond what a double holds
  EXPECT_EQ(root.Find("d"), nullptr);
}

TEST(JsonTest, DecodesEscapesAndSurrogatePairs) {
  EXPECT_EQ(ParseOrDie(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00")").string(),
            "\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(ParseOrDie(R"("\ud83dx\ude00\ud83d\u0041")").string(),
            "\xEF\xBF\xBDx\xEF\xBF\xBD\xEF\xBF\xBD"
            "A");
  EXPECT_EQ(ParseOrDie("\"a\\u0000b\"").string(), std::string("a\0b", 3));
}

TEST(JsonTest, NamesTheByteOfAnError) {
  EXPECT_EQ(ErrorOf("{\"a\": 1,}"), "JSON: expected a key at byte 8");
  EXPECT_EQ(ErrorOf("[1 2]"), "JSON: expected ',' or ']' at byte 3");
  EXPECT_EQ(ErrorOf("1 x"), "JSON: text after the document's end at byte 2");
  EXPECT_EQ(ErrorOf("{\"a\":1,\"b\":2,\"a\":3}"),
            "JSON: key \"a\" occurs twice in the object that ends at byte 19");
}

TEST(JsonTest, RefusesWhatIsNotJson) {
  for (const char* text : {"",          " ",        "nul",          "tru",
                           "01",        "-",        "1.",           "1e",
                           ".5",        "+1",       "NaN",          "Infinity",
                           "'a'",       "\"a",      "\"\\x\"",      "\"\\u12g4\"",
                           "\"\\u12\"", "\"\n\"",   "\"\xC0\x80\"", "\"\xED\xA0\x80\"",
                           "[",         "[1",       "[1,]",         "{",
                           "{\"a\"}",   "{\"a\":}", "{1:2}",        "{\"a\":1 \"b\":2}",
                           "1e999",     "[]]",      "\"\\"}) {
    ErrorOf(text);
  }
  ErrorOf(std::string_view("[\0]", 3));
}

TEST(JsonTest, HoldsItsLimits) {
  EXPECT_NE(ErrorOf("[[[1]]]", {.depth_max = 2}).find("nesting deeper than 2"), std::string::npos);
  EXPECT_NE(ErrorOf("[1,2,3]", {.values_max = 3}).find("more than 3 values"), std::string::npos);
  EXPECT_NE(ErrorOf("[1,2,3]", {.bytes_max = 6}).find("at most 6"), std::string::npos);
  EXPECT_NE(ErrorOf(std::string(1 << 20, '[')).find("nesting"), std::string::npos);
}

TEST(JsonTest, WritesWhatItReads) {
  JsonWriter writer;
  writer.BeginObject().Key("a").BeginArray().Integer(1).Number(0.1f).Number(0.1).EndArray();
  writer.Key("b\n\"")
      .String(
          "\x01\x7F\xFF"
          "e\xE2\x82\xAC")
      .Key("c")
      .Bool(true)
      .Key("d")
      .Null();
  writer.Key("e").BeginObject().EndObject().EndObject();
  EXPECT_EQ(writer.text(),
            "{\"a\":[1,0.1,0.1],\"b\\n\\\"\":\"\\u0001\\u007f\xEF\xBF\xBD"
            "e\xE2\x82\xAC\",\"c\":true,\"d\":null,\"e\":{}}");
  EXPECT_EQ(ParseOrDie(writer.text()).Find("c")->boolean(), true);
}

TEST(JsonTest, IndentsOnRequest) {
  JsonWriter writer(/*indented=*/true);
  writer.BeginObject().Key("a").Integer(1).Key("b").BeginArray().Integer(2).EndArray().EndObject();
  EXPECT_EQ(writer.text(), "{\n  \"a\": 1,\n  \"b\": [\n    2\n  ]\n}");
}

TEST(JsonTest, WritesNumbersThatReadBackEqual) {
  for (const double value : {1.0 / 3, -0.0, 1e300, 5e-324, 123456789.125}) {
    EXPECT_EQ(ParseOrDie(JsonNumber(value)).number(), value);
  }
  EXPECT_EQ(JsonNumber(std::numeric_limits<double>::quiet_NaN()), "null");
}

}  // namespace
}  // namespace bonsai::edge
