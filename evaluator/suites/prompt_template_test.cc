#include "evaluator/suites/prompt_template.h"

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

FieldLookup Fields(std::map<std::string, std::string> fields) {
  return [fields](absl::string_view path) -> std::optional<std::string> {
    const auto found = fields.find(std::string(path));
    if (found == fields.end()) return std::nullopt;
    return found->second;
  };
}

TEST(PromptTemplate, PutsFieldsIntoText) {
  const auto parsed = PromptTemplate::Parse("Q: {question.stem}\nA{{x}}:");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->Render(Fields({{"question.stem", "why {this}?"}})).value(), "Q: why {this}?\nA{x}:");
  EXPECT_TRUE(parsed->Uses("question.stem"));
  EXPECT_FALSE(parsed->Uses("question"));
}

TEST(PromptTemplate, RepeatsALoopForEachChoice) {
  const auto parsed = PromptTemplate::Parse(
      "{q}{#choices}\n{letter}. {choice}{/choices}\nAnswer:{#choices}{letter}{/choices}");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const std::vector<FieldLookup> choices = {Fields({{"letter", "A"}, {"choice", "one"}}),
                                            Fields({{"letter", "B"}, {"choice", "two"}})};
  EXPECT_EQ(parsed->Render(Fields({{"q", "Which?"}}), choices).value(), "Which?\nA. one\nB. two\nAnswer:AB");
  EXPECT_EQ(parsed->Render(Fields({{"q", "Which?"}})).value(), "Which?\nAnswer:");
}

TEST(PromptTemplate, TakesTheFirstFieldThatIsThere) {
  const auto parsed = PromptTemplate::Parse("{a.b|c}");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->Render(Fields({{"c", "second"}})).value(), "second");
  EXPECT_EQ(parsed->Render(Fields({{"c", "second"}, {"a.b", "first"}})).value(), "first");
  EXPECT_THAT(parsed->Render(Fields({})).status().message(), HasSubstr("no field \"a.b|c\""));
  EXPECT_EQ(PromptTemplate::Parse("<{a|b|}>")->Render(Fields({})).value(), "<>");
  EXPECT_EQ(PromptTemplate::Parse("<{a|b|}>")->Render(Fields({{"b", "x"}})).value(), "<x>");
}

TEST(PromptTemplate, WhatIsNoTemplateIsRefusedWithItsPlace) {
  EXPECT_THAT(PromptTemplate::Parse("ab{c").status().message(), HasSubstr("at byte 2: a { without"));
  EXPECT_THAT(PromptTemplate::Parse("ab}c").status().message(), HasSubstr("at byte 2: a } without"));
  EXPECT_THAT(PromptTemplate::Parse("{}").status().message(), HasSubstr("\"{}\" is no field"));
  EXPECT_THAT(PromptTemplate::Parse("{#each x}{/each}").status().message(), HasSubstr("is no field"));
  EXPECT_THAT(PromptTemplate::Parse("{#choices}a").status().message(), HasSubstr("without its {/choices}"));
  EXPECT_THAT(PromptTemplate::Parse("{/choices}").status().message(), HasSubstr("without its {#choices}"));
  EXPECT_THAT(PromptTemplate::Parse("{#choices}{#choices}{/choices}").status().message(),
              HasSubstr("a loop within a loop"));
  EXPECT_FALSE(PromptTemplate::Parse(std::string(PromptTemplate::kBytesMax + 1, 'x')).ok());
}

TEST(PromptTemplate, ItsOutputIsBounded) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "{x}";
  const auto parsed = PromptTemplate::Parse(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_THAT(parsed->Render(Fields({{"x", std::string(100000, 'y')}})).status().message(),
              HasSubstr("more than 16777216 bytes"));
}

}  // namespace
}  // namespace bonsai
