#include "evaluator/suites/text_steps.h"

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<TextSteps> Compiled(const std::string& steps) {
  v1::SuiteField field;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(steps, &field)) << steps;
  return TextSteps::Compile(field.steps());
}

std::string Applied(const std::string& steps, absl::string_view text, const FieldLookup& fields = nullptr) {
  const absl::StatusOr<TextSteps> compiled = Compiled(steps);
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  return compiled.ok() ? compiled->Apply(text, fields) : "";
}

TEST(TextSteps, AMatchKeepsItsGroup) {
  const std::string first = R"x(steps { regex { pattern: "n=(\\d+)" group: 1 otherwise: "none" } })x";
  EXPECT_EQ(Applied(first, "n=12, n=34"), "12");
  EXPECT_EQ(Applied(first, "n"), "none");
  EXPECT_EQ(Applied(R"x(steps { regex { pattern: "n=(\\d+)" group: 1 which: LAST } })x", "n=12, n=34"), "34");
  EXPECT_EQ(Applied(R"x(steps { regex { pattern: "n=\\d+" } })x", "no match stays"), "no match stays");
}

TEST(TextSteps, TheFirstGroupThatIsNotEmptyIsKept) {
  const std::string steps = R"x(steps { regex { pattern: "(x[ab])|(y)" filled_group: true which: LAST } })x";
  EXPECT_EQ(Applied(steps, "xa y"), "y");
  EXPECT_EQ(Applied(steps, "y xb"), "xb");
}

TEST(TextSteps, EachMatchIsKeptAndTheyAreJoined) {
  const std::string steps =
      R"x(steps { regex { pattern: "'([^']*)'" group: 1 which: EACH separator: "+" }})x";
  EXPECT_EQ(Applied(steps, "['a', '', 'c']"), "a++c");
  EXPECT_EQ(Applied(R"x(steps { regex { pattern: "[0-9]" which: EACH matches_max: 2 } })x", "1 2 3"), "12");
  // An empty match moves on by a character, as Python's findall does.
  EXPECT_EQ(Applied(R"x(steps { regex { pattern: "x*" which: EACH separator: "." } })x", "ax\xC3\xA4"),
            ".x..");
}

TEST(TextSteps, EveryMatchIsReplaced) {
  EXPECT_EQ(Applied(R"x(steps { replace { pattern: "(\\d),(\\d)" with: "\\1\\2" } })x", "1,000,0"), "10000");
  EXPECT_EQ(Applied(R"x(steps { replace { pattern: "$." with: "" literal: true } })x", "a$.b$."), "ab");
  const FieldLookup fields = [](absl::string_view) -> std::optional<std::string> { return "\\1"; };
  EXPECT_EQ(
      Applied(R"x(steps { replace { pattern: "#x#" with_field: "y" literal: true } })x", "a #x#", fields),
      "a \\1");
  EXPECT_EQ(Applied(R"x(steps { replace { pattern: "#x#" with_field: "y" } })x", "a #x#", fields), "a \\1");
}

TEST(TextSteps, TextIsCutStrippedAndDropped) {
  EXPECT_EQ(Applied(R"x(steps { cut_at: "Q:" })x", "one Q: two Q:"), "one ");
  EXPECT_EQ(Applied(R"x(steps { cut_at: "Q:" })x", "one"), "one");
  EXPECT_EQ(Applied(R"x(steps { after: "is " })x", "this is it"), "is it");
  EXPECT_EQ(Applied(R"x(steps { strip: true })x", " \xE3\x80\x80 a b\n"), "a b");
  EXPECT_EQ(Applied(R"x(steps { drop_end: "." })x", "a.."), "a.");
  EXPECT_EQ(Applied(R"x(steps { lower: true })x", "AbC"), "abc");
  EXPECT_EQ(Applied(R"x(steps { capitalize: true })x", "hELLO"), "Hello");
  EXPECT_EQ(Applied(R"x(steps { strip: true } steps { if_empty: "nothing" })x", "  "), "nothing");
  EXPECT_EQ(Applied(R"x(steps { unescape: true })x", R"(a\nb\'\\n\x)"), "a\nb'\\n\\x");
}

TEST(TextSteps, AJsonObjectsMemberIsTaken) {
  const FieldLookup fields = [](absl::string_view) -> std::optional<std::string> { return "b"; };
  const std::string steps = R"x(steps { json_member_field: "subset" })x";
  EXPECT_EQ(Applied(steps, R"({"a": "1", "b": "2\n3"})", fields), "2\n3");
  EXPECT_EQ(Applied(steps, R"({"a": "1"})", fields), "");
  EXPECT_EQ(Applied(steps, "no JSON", fields), "");
}

TEST(TextSteps, BytesThatAreNoTextBecomeReplacementCharacters) {
  EXPECT_EQ(Applied("", "a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(Applied(R"x(steps { regex { pattern: "a(.)z" group: 1 } })x", "a\xFFz"), "\xEF\xBF\xBD");
}

TEST(TextSteps, WhatIsNoStepIsRefused) {
  EXPECT_THAT(Compiled("steps {}").status().message(), HasSubstr("step 1 names no step"));
  EXPECT_THAT(
      Compiled(R"x(steps { strip: true } steps { regex { pattern: "(?<=a)b" } })x").status().message(),
      HasSubstr("step 2 the pattern \"(?<=a)b\" is not RE2's"));
  EXPECT_THAT(Compiled(R"x(steps { regex { pattern: "a" group: 1 } })x").status().message(),
              HasSubstr("group 1 of a pattern with 0"));
  EXPECT_THAT(Compiled(R"x(steps { replace { pattern: "a" with: "\\2" } })x").status().message(),
              HasSubstr("with \"\\2\""));
  EXPECT_THAT(Compiled(R"x(steps { cut_at: "" })x").status().message(), HasSubstr("an empty text"));
}

}  // namespace
}  // namespace bonsai
