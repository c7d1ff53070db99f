#include "client/variables.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Settings = std::map<std::string, std::string>;

std::string Expanded(absl::string_view text, const Settings& settings) {
  auto result = ReplaceVariables(text, "f.textproto", settings);
  return result.ok() ? result->text : std::string(result.status().message());
}

TEST(VariablesTest, ReplacesNamesAndDefaults) {
  EXPECT_EQ(Expanded("paths: \"${data}/a\" steps: ${steps:-40}", {{"data", "/d"}}),
            "paths: \"/d/a\" steps: 40");
  EXPECT_EQ(Expanded("steps: ${steps:-40}", {{"steps", "7"}}), "steps: 7");
  EXPECT_EQ(Expanded("name: \"${a:-}\"", {}), "name: \"\"");
}

TEST(VariablesTest, EscapesAValueInsideQuotes) {
  EXPECT_EQ(Expanded("name: \"${a}\"", {{"a", "x\" y\\z\n"}}), "name: \"x\\\" y\\\\z\\n\"");
}

TEST(VariablesTest, RefusesMoreThanAWordOutsideOfQuotes) {
  EXPECT_EQ(Expanded("steps: ${n}", {{"n", "1 } jobs {"}}),
            "f.textproto:1:8: ${n} stands outside of quotes, so --set n must give a number or a name, not "
            "\"1 } jobs {\"");
}

TEST(VariablesTest, LeavesCommentsAndEscapesAlone) {
  EXPECT_EQ(Expanded("# ${data}\nname: \"#${a} $${b} \\\"\"", {{"a", "1"}}),
            "# ${data}\nname: \"#1 ${b} \\\"\"");
}

TEST(VariablesTest, NamesEveryUnsetVariableWithItsPlaceAndWhatSetGives) {
  const auto result = ReplaceVariables("a: \"x\"\nb: \"${data}${data}\"\nc: \"${track}\"", "f.textproto",
                                       {{"other", "1"}, {"data2", "2"}});
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      result.status().message(),
      "f.textproto:2:5: ${data} is not set; give it with --set data=VALUE (--set gives data2, other)\n"
      "f.textproto:3:5: ${track} is not set; give it with --set track=VALUE (--set gives data2, other)\n"
      "--set data2: f.textproto has no ${data2}; it has ${data}, ${track}\n"
      "--set other: f.textproto has no ${other}; it has ${data}, ${track}");
}

TEST(VariablesTest, RefusesASettingThatNothingUses) {
  EXPECT_EQ(Expanded("# ${a}\n", {{"a", "1"}}), "--set a: f.textproto has no ${a}; it has no variables");
}

TEST(VariablesTest, RefusesAVariableThatDoesNotEnd) {
  EXPECT_THAT(Expanded("a: \"${data\"\nb: \"}\"", {}), HasSubstr("f.textproto:1:5: a variable is written"));
  EXPECT_THAT(Expanded("a: \"${1x}\"", {}), HasSubstr("f.textproto:1:5: a variable is written"));
}

TEST(VariablesTest, BoundsTheListOfProblems) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "${}\n";
  const std::string message = Expanded(text, {});
  EXPECT_THAT(message, HasSubstr("... and 80 more"));
  EXPECT_THAT(message, Not(HasSubstr("f.textproto:21:")));
}

TEST(VariablesTest, MapsColumnsBackToTheFile) {
  // File:  a${x}b${y}c     Expanded: a12345bZc
  const auto result = ReplaceVariables("a${x}b${y}c\n${x}!", "f", {{"x", "12345"}, {"y", "Z"}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->text, "a12345bZc\n12345!");
  EXPECT_EQ(result->OriginalColumn(0, 0), 0u);
  EXPECT_EQ(result->OriginalColumn(0, 3), 1u);
  EXPECT_EQ(result->OriginalColumn(0, 6), 5u);
  EXPECT_EQ(result->OriginalColumn(0, 7), 6u);
  EXPECT_EQ(result->OriginalColumn(0, 8), 10u);
  EXPECT_EQ(result->OriginalColumn(1, 5), 4u);
}

}  // namespace
}  // namespace bonsai
