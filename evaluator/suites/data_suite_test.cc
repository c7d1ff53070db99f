#include "evaluator/suites/data_suite.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "evaluator/byte_tokenizer.h"
#include "evaluator/suites/suite_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<v1::Document> Records(const std::vector<std::string>& records) {
  std::vector<v1::Document> documents;
  for (const std::string& record : records) {
    documents.emplace_back().set_record(record);
    documents.back().set_id(absl::StrCat("d", documents.size()));
  }
  return documents;
}

DataSuiteInput Input(const std::string& rules, const std::vector<v1::Document>& questions) {
  const auto suite = ParseSuite("t", absl::StrCat("name: 't' profile: 'p' version: '1' ", rules));
  EXPECT_TRUE(suite.ok()) << suite.status();
  DataSuiteInput input;
  if (suite.ok()) input.suite = *suite;
  input.questions = questions;
  input.positions_max = 1000;
  return input;
}

std::unique_ptr<DataSuite> Created(const DataSuiteInput& input) {
  absl::StatusOr<std::unique_ptr<DataSuite>> suite = DataSuite::Create(input, ByteTokenizer());
  EXPECT_TRUE(suite.ok()) << suite.status();
  return suite.ok() ? *std::move(suite) : nullptr;
}

std::string Text(const std::vector<int32_t>& ids) { return ByteTokenizer().Decode(ids); }

constexpr char kLetters[] = R"(
    request: CHOICES prompt: "{q}{#choices} {letter}={choice}{/choices}:" target: "{letter}"
    choices { list { path: "c" } } answer { value: "{a}" meaning: INDEX }
    metrics { name: "acc" measure: "acc" } )";
constexpr char kSpoken[] = R"(
    request: GENERATION prompt: "{q}" tokens_max: 9 stops: "\n" answer { value: "{a|}" }
    metrics { name: "match" measure: "exact_match" response_steps { strip: true } both_steps { lower: true } } )";

TEST(DataSuite, AsksEachChoiceBehindThePrompt) {
  const std::vector<v1::Document> documents = Records({R"({"q": "one", "c": ["x", "y"], "a": 1})"});
  const auto suite = Created(Input(kLetters, documents));
  ASSERT_NE(suite, nullptr);
  ASSERT_EQ(suite->requests().size(), 2u);
  EXPECT_EQ(suite->requests()[0].context[0], 1);  // BOS
  EXPECT_EQ(Text(suite->requests()[1].context), "one A=x B=y:");
  EXPECT_EQ(Text(suite->requests()[1].continuation), " B");
  EXPECT_TRUE(suite->generations().empty());
}

TEST(DataSuite, JudgesChoicesWithStandardErrorFloorsAndItems) {
  const std::vector<v1::Document> documents =
      Records({R"({"q": "one", "c": ["x", "y"], "a": 1})", R"({"q": "two", "c": ["x", "y"], "a": 1})",
               R"({"q": "six", "c": ["x", "y"], "a": 0})", R"({"q": "ten", "c": ["x", "y"], "a": 1})"});
  const auto suite = Created(Input(kLetters, documents));
  ASSERT_NE(suite, nullptr);
  std::vector<Score> scores = {{-2}, {-1}, {-1}, {-2}, {-1}, {-2}, {-2}, {-1}};
  const Judgement judgement = suite->Judge({.scores = scores, .texts = {}});
  const v1::SuiteResult& result = judgement.result;
  EXPECT_EQ(result.suite(), "t");
  EXPECT_EQ(result.profile(), "p: 1");
  EXPECT_EQ(result.documents(), 4u);
  EXPECT_EQ(result.suite_sha256().size(), 64u);
  EXPECT_EQ(result.degenerate(), "");
  ASSERT_EQ(result.metrics_size(), 1);
  const v1::MetricResult& acc = result.metrics(0);
  EXPECT_EQ(acc.value(), 0.75);
  EXPECT_DOUBLE_EQ(acc.stderr(), 0.25);  // the sample's deviation is 0.5, and n is 4
  EXPECT_EQ(acc.ceiling(), 1);
  EXPECT_EQ(acc.floor(), 0.75);
  EXPECT_EQ(acc.floor_name(), "constant answer B");
  EXPECT_EQ(acc.floors_size(), 3);
  ASSERT_EQ(judgement.items.size(), 4u);
  EXPECT_EQ(judgement.items[1].id(), "d2");
  EXPECT_EQ(judgement.items[1].prompt(), "two A=x B=y:");
  EXPECT_EQ(judgement.items[1].prompt_sha256().size(), 64u);
  EXPECT_THAT(judgement.items[1].loglikelihoods(), ElementsAre(-1, -2));
  EXPECT_EQ(judgement.items[1].extracted(), "A");
  EXPECT_EQ(judgement.items[1].expected(), "B");
  EXPECT_EQ(judgement.items[1].metrics(0).value(), 0);
}

// Ten questions whose right answers are these letters' numbers.
std::vector<v1::Document> TenQuestions(const std::string& right) {
  std::vector<std::string> records;
  for (char c : right)
    records.push_back(absl::StrCat(R"({"q": "why", "c": ["x", "y"], "a": )", c == 'B', "}"));
  return Records(records);
}

// Each of the questions answered with the letter.
std::string DegeneracyOf(const std::string& right, char letter) {
  const std::vector<v1::Document> documents = TenQuestions(right);
  const auto suite = Created(Input(kLetters, documents));
  std::vector<Score> scores;
  for (size_t i = 0; i < documents.size(); ++i) {
    scores.push_back({letter == 'A' ? -1.0 : -2.0});
    scores.push_back({letter == 'A' ? -2.0 : -1.0});
  }
  return suite->Judge({.scores = scores, .texts = {}}).result.degenerate();
}

TEST(DataSuite, OneLetterToEveryQuestionIsNoModelsAnswer) {
  EXPECT_EQ(DegeneracyOf("AABBABABAB", 'A'), "answers A to 10 of 10 questions");
  EXPECT_EQ(DegeneracyOf("AB", 'A'), "");  // too few to tell
}

TEST(DataSuite, WhereAllRightAnswersAreTheSameAModelMayGiveIt) {
  EXPECT_EQ(DegeneracyOf("AAAAAAAAAA", 'A'), "");
}

TEST(DataSuite, JudgesWhatIsSaid) {
  const std::vector<v1::Document> documents =
      Records({R"({"q": "one", "a": "Yes"})", R"({"q": "two", "a": "no"})", R"({"q": "six", "a": "no"})"});
  const auto suite = Created(Input(kSpoken, documents));
  ASSERT_NE(suite, nullptr);
  ASSERT_EQ(suite->generations().size(), 3u);
  EXPECT_THAT(suite->generations()[0].stops, ElementsAre("\n"));
  EXPECT_EQ(suite->generations()[0].tokens_max, 9);
  const std::vector<std::string> texts = {" yes", "NO ", "maybe"};
  const Judgement judgement = suite->Judge({.scores = {}, .texts = texts});
  EXPECT_DOUBLE_EQ(judgement.result.metrics(0).value(), 2.0 / 3);
  EXPECT_DOUBLE_EQ(judgement.result.metrics(0).floor(), 2.0 / 3);
  EXPECT_EQ(judgement.result.metrics(0).floor_name(), "constant answer \"no\"");
  EXPECT_EQ(judgement.items[1].response(), "NO ");
  EXPECT_EQ(judgement.items[1].extracted(), "no");
  EXPECT_EQ(judgement.items[1].expected(), "no");
}

TEST(DataSuite, SayingNothingIsNoModelsAnswer) {
  std::vector<std::string> records;
  for (int i = 0; i < 10; ++i) records.push_back(absl::StrCat(R"({"q": "one", "a": ")", i, R"("})"));
  const std::vector<v1::Document> documents = Records(records);
  const auto suite = Created(Input(kSpoken, documents));
  std::vector<std::string> texts(10, " \n");
  EXPECT_EQ(suite->Judge({.scores = {}, .texts = texts}).result.degenerate(),
            "gives no text to 10 of 10 questions");
  texts.assign(10, "7");
  EXPECT_EQ(suite->Judge({.scores = {}, .texts = texts}).result.degenerate(),
            "answers 7 to 10 of 10 questions");
  texts[3] = "8";
  EXPECT_EQ(suite->Judge({.scores = {}, .texts = texts}).result.degenerate(), "");
}

TEST(DataSuite, WithoutAnswersThereAreOnlyPredictions) {
  const std::vector<v1::Document> documents = Records({R"({"q": "one"})"});
  const auto suite = Created(Input(kSpoken, documents));
  const std::vector<std::string> texts = {"something"};
  const Judgement judgement = suite->Judge({.scores = {}, .texts = texts});
  EXPECT_TRUE(judgement.result.metrics().empty());
  EXPECT_THAT(judgement.result.notes(0), HasSubstr("nothing to measure"));
  EXPECT_EQ(judgement.items[0].extracted(), "something");
}

TEST(DataSuite, TheLowestPerplexityWinsAndOfEqualsTheFirst) {
  const std::vector<v1::Document> documents = Records({R"({"c": ["xx", "yyyy", "zz"], "a": 1})"});
  const auto suite = Created(Input(R"(
      request: PERPLEXITY prompt: "<{choice}>" delimiter: "|" target: "ok" choices { list { path: "c" } }
      answer { value: "{a}" meaning: INDEX } metrics { name: "acc" measure: "acc" })",
                                   documents));
  ASSERT_NE(suite, nullptr);
  EXPECT_EQ(Text(suite->requests()[1].continuation), "<yyyy>|ok");
  // 8 and 10 tokens with BOS: -7.2 / 8 and -9 / 10 are the same, though the sums are not.
  EXPECT_EQ(
      suite->Judge({.scores = std::vector<Score>{{-7.2}, {-9}, {-8}}, .texts = {}}).items[0].extracted(),
      "A");
  EXPECT_EQ(
      suite->Judge({.scores = std::vector<Score>{{-7.3}, {-9}, {-8}}, .texts = {}}).items[0].extracted(),
      "B");
}

TEST(DataSuite, AKitsAnswerIsScoredWithoutItsFirstToken) {
  const std::vector<v1::Document> documents = Records({R"({"q": "Q", "c": "['xy', 'z']", "a": "0"})"});
  const auto suite = Created(Input(R"(
      request: ANSWER_ALONE prompt: "{q}" choices { list { path: "c" } }
      answer { value: "{a}" meaning: INDEX } metrics { name: "acc" measure: "acc" })",
                                   documents));
  ASSERT_NE(suite, nullptr);
  EXPECT_EQ(Text(suite->requests()[0].context), "Qx");
  EXPECT_THAT(suite->requests()[0].continuation, ElementsAre('y' + 3, 2));
  EXPECT_THAT(suite->requests()[1].continuation, ElementsAre(2));
}

TEST(DataSuite, ExamplesStandBetweenDescriptionAndQuestion) {
  const std::vector<v1::Document> documents = Records({R"({"q": "one", "c": ["x", "y"], "a": 1})"});
  const std::vector<v1::Document> examples = Records({R"({"q": "ex", "c": ["v", "w"], "a": 0})"});
  DataSuiteInput input = Input(
      absl::StrCat(kLetters,
                   "description: 'About {q}.\\n' few_shot { rule: FIRST shots: 1 file: 'f' home: 'h' }"),
      documents);
  EXPECT_THAT(DataSuite::Create(input, ByteTokenizer()).status().message(),
              HasSubstr("wants f, at home in h"));
  input.few_shot.documents = examples;
  EXPECT_EQ(Created(input)->prompt(0), "About one.\nex A=v B=w: A\n\none A=x B=y:");
  input.shots = 0;
  EXPECT_EQ(Created(input)->prompt(0), "About one.\none A=x B=y:");
}

TEST(DataSuite, ThePromptMayBeFetchedToo) {
  const std::vector<v1::Document> documents = Records({R"({"q": "one", "a": "x"})"});
  DataSuiteInput input = Input(R"(
      request: GENERATION tokens_max: 9 answer { value: "{a}" } metrics { name: "m" measure: "exact_match" }
      few_shot { rule: PROMPT steps { json_member_field: "subset" } file: "prompts.json" home: "h" }
      subsets { names: "first" names: "second" })",
                               documents);
  std::vector<v1::Document> prompts(1);
  prompts[0].set_id("prompts.json");
  prompts[0].set_text(R"({"first": "Say {q}.", "second": "Say {nothing}."})");
  input.few_shot.documents = prompts;
  input.subset = "first";
  EXPECT_EQ(Created(input)->prompt(0), "Say one.");
  input.subset = "second";
  EXPECT_THAT(DataSuite::Create(input, ByteTokenizer()).status().message(),
              HasSubstr("t: document \"d1\": no field \"nothing\""));
}

TEST(DataSuite, ProgramsAreJudgedElsewhere) {
  const std::vector<v1::Document> documents =
      Records({R"({"p": "def f():\n", "f": "f", "t": "T1"})", R"({"p": "def g():\n", "f": "g", "t": "T2"})"});
  const auto suite = Created(Input(R"x(
      request: GENERATION tokens_max: 9 prompt: "Complete: {p}"
      code { before: "{p}" entry_point: "{f}" setup: "{p}" test: "{t}" }
      metrics {
        name: "pass@1" measure: "pass@1" response_steps { regex { pattern: "(?s)```\\w*\n(.*?)```" group: 1 } }
      })x",
                                   documents));
  ASSERT_NE(suite, nullptr);
  const std::vector<std::string> texts = {"So:\n```python\n  return 1\n```", "  return 2"};
  const std::vector<CodeProgram> programs = suite->Programs({.scores = {}, .texts = texts});
  ASSERT_EQ(programs.size(), 2u);
  EXPECT_EQ(programs[0], (CodeProgram{"def f():\n  return 1\n\n", "f", "def f():\n", "T1"}));
  EXPECT_EQ(programs[1].program, "def g():\n  return 2\n");
  const std::vector<CodeVerdict> verdicts = {{true, "passed"}, {false, "out of time"}};
  const Judgement judgement = suite->Judge({.scores = {}, .texts = texts, .verdicts = verdicts});
  EXPECT_EQ(judgement.result.metrics(0).value(), 0.5);
  EXPECT_EQ(judgement.result.metrics(0).floor(), 0);
  EXPECT_EQ(judgement.items[1].metrics(0).value(), 0);
  EXPECT_EQ(judgement.result.notes(1), "1 of 2: out of time");
  // Unjudged programs have no score.
  EXPECT_TRUE(suite->Judge({.scores = {}, .texts = texts}).result.metrics().empty());
}

TEST(DataSuite, AChatsFirstTurnIsThePrompt) {
  const std::vector<v1::Document> documents = Records({R"({"q": "one", "c": ["x", "y"], "a": 1})"});
  DataSuiteInput input = Input(kLetters, documents);
  input.chat_template = edge::ChatTemplate::kChatml;
  const auto suite = Created(input);
  EXPECT_EQ(suite->prompt(0), "<|im_start|>user\none A=x B=y:<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(Text(suite->requests()[0].continuation), "\nA");  // the line break is the prompt's own end
  EXPECT_THAT(suite->Judge({.scores = std::vector<Score>{{-1}, {-2}}, .texts = {}}).result.notes(0),
              HasSubstr("as a chat's first turn"));
}

TEST(DataSuite, WhatCannotBeAskedIsRefusedWithItsDocument) {
  const std::vector<v1::Document> documents =
      Records({R"({"q": "one", "c": ["x", "y"], "a": 1})", R"({"q": "two", "c": ["x", "y"], "a": 7})"});
  const auto refused = DataSuite::Create(Input(kLetters, documents), ByteTokenizer());
  EXPECT_EQ(refused.status().message(), "t: document \"d2\": the answer \"7\" is none of its 2 choices");
  EXPECT_THAT(DataSuite::Create(Input(kLetters, {}), ByteTokenizer()).status().message(),
              HasSubstr("no question"));
  DataSuiteInput input = Input(kLetters, documents);
  input.subset = "part";
  EXPECT_THAT(DataSuite::Create(input, ByteTokenizer()).status().message(), HasSubstr("has no subsets"));
  input = Input(absl::StrCat(kLetters, "subsets { names: 'a' names: 'b' }"), documents);
  EXPECT_THAT(DataSuite::Create(input, ByteTokenizer()).status().message(),
              HasSubstr("subset \"\" is none of suite \"t\"; valid: a, b"));
}

}  // namespace
}  // namespace bonsai
