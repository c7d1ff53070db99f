#include "evaluator/suites/example_source.h"

#include "absl/strings/str_cat.h"
#include "evaluator/suites/suite_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::HasSubstr;

SuiteRules Rules(const std::string& few_shot) {
  const auto suite = ParseSuite("t", absl::StrCat(R"(
      name: "t" profile: "p" request: GENERATION tokens_max: 9 metrics { name: "m" measure: "exact_match" }
      target: "{a}" answer { value: "{a}" })",
                                                  few_shot));
  EXPECT_TRUE(suite.ok()) << suite.status();
  absl::StatusOr<SuiteRules> rules = CompileSuite(*suite);
  EXPECT_TRUE(rules.ok()) << rules.status();
  return rules.ok() ? *std::move(rules) : SuiteRules();
}

std::vector<v1::Document> Numbered(int count) {
  std::vector<v1::Document> documents(count);
  for (int i = 0; i < count; ++i)
    documents[i].set_record(absl::StrCat(R"({"q": )", i, R"(, "a": ")", i * i, R"("})"));
  return documents;
}

TEST(ExampleSource, DrawsAsCPythonDoesInOneStreamOverTheQuestions) {
  const SuiteRules rules = Rules("prompt: '{q}:' few_shot { rule: DRAWN shots: 3 file: 'f' home: 'h' }");
  const std::vector<v1::Document> documents = Numbered(10);
  auto source = ExampleSource::Create(rules, "", {.documents = documents}, std::nullopt);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(source->shots(), 3u);
  // r = random.Random(1234); r.sample(range(10), 3), twice: [7, 1, 0], [1, 0, 9].
  EXPECT_EQ(source->Next(documents[0]), "7: 49\n\n1: 1\n\n0: 0\n\n");
  EXPECT_EQ(source->Next(documents[1]), "1: 1\n\n0: 0\n\n9: 81\n\n");
}

TEST(ExampleSource, AQuestionIsNotItsOwnExample) {
  const SuiteRules rules = Rules("prompt: '{q}:' few_shot { rule: FIRST shots: 2 file: 'f' home: 'h' }");
  const std::vector<v1::Document> documents = Numbered(4);
  auto source =
      ExampleSource::Create(rules, "", {.documents = documents, .is_questions = true}, std::nullopt);
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(source->Next(documents[0]), "1: 1\n\n2: 4\n\n");
  EXPECT_EQ(source->Next(documents[3]), "0: 0\n\n1: 1\n\n");
}

TEST(ExampleSource, ARunMaySetTheNumber) {
  const SuiteRules rules = Rules(
      "prompt: '{q}:' delimiter: '' shot_separator: ';' few_shot { rule: FIRST shots: 2 file: 'f' home: 'h' "
      "}");
  const std::vector<v1::Document> documents = Numbered(4);
  EXPECT_EQ(ExampleSource::Create(rules, "", {.documents = documents}, 1)->Next(documents[3]), "0:0;");
  EXPECT_EQ(ExampleSource::Create(rules, "", {}, 0)->Next(documents[3]), "");
  EXPECT_THAT(ExampleSource::Create(rules, "", {.documents = documents}, 5).status().message(),
              HasSubstr("has 4 documents, fewer than 5 examples need"));
}

TEST(ExampleSource, AFixedTextIsTheDocumentOfTheSubset) {
  const SuiteRules rules = Rules(R"(prompt: "{examples}{q}" few_shot {
      rule: TEXT document: "{subset}" steps { after: "--" } file: "x.txt" home: "somewhere" })");
  std::vector<v1::Document> documents(2);
  documents[0].set_id("folder/one.txt");
  documents[0].set_text("head--first");
  documents[1].set_id("two.txt");
  documents[1].set_text("head--second");
  EXPECT_EQ(ExampleSource::Create(rules, "one", {.documents = documents}, std::nullopt)->text(), "first");
  EXPECT_EQ(ExampleSource::Create(rules, "two", {.documents = documents}, std::nullopt)->text(), "second");
  EXPECT_THAT(ExampleSource::Create(rules, "six", {.documents = documents}, std::nullopt).status().message(),
              HasSubstr("the corpus has no document \"six\""));
  EXPECT_THAT(ExampleSource::Create(rules, "one", {.documents = documents}, 3).status().message(),
              HasSubstr("shots is 3, but suite \"t\" has a fixed text"));
}

TEST(ExampleSource, WhatIsMissingIsNamedWithItsHome) {
  const SuiteRules text =
      Rules("prompt: '{examples}' few_shot { rule: TEXT file: 'six.txt' home: 'far away' }");
  EXPECT_EQ(
      ExampleSource::Create(text, "", {}, std::nullopt).status().message(),
      "few_shot: the corpus is not set; profile \"p\" of suite \"t\" wants six.txt, at home in far away");
  const SuiteRules drawn = Rules("prompt: '{q}' few_shot { rule: DRAWN shots: 1 file: 'f' home: 'h' }");
  EXPECT_THAT(ExampleSource::Create(drawn, "", {}, std::nullopt).status().message(),
              HasSubstr("wants f, at home in h"));
  std::vector<v1::Document> documents(2);
  documents[0].set_id("bad");
  documents[0].set_record("{}");
  EXPECT_THAT(ExampleSource::Create(drawn, "", {.documents = documents}, std::nullopt).status().message(),
              HasSubstr("document \"bad\": answer: no field \"a\""));
}

}  // namespace
}  // namespace bonsai
