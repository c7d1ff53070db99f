#include "evaluator/suites/question.h"

#include "absl/strings/str_cat.h"
#include "evaluator/suites/suite_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SuiteRules Rules(const std::string& text) {
  const auto suite = ParseSuite("t", absl::StrCat("name: 't' profile: 'p' prompt: 'x'", text));
  EXPECT_TRUE(suite.ok()) << suite.status();
  absl::StatusOr<SuiteRules> rules = CompileSuite(*suite);
  EXPECT_TRUE(rules.ok()) << rules.status();
  return rules.ok() ? *std::move(rules) : SuiteRules();
}

absl::StatusOr<Question> Read(const SuiteRules& rules, const std::string& record) {
  v1::Document document;
  document.set_record(record);
  return Question::Read(rules, document, "part", "some examples");
}

constexpr char kChoices[] = " request: CHOICES metrics { name: 'acc' measure: 'acc' } ";
constexpr char kTexts[] = " request: GENERATION tokens_max: 9 metrics { name: 'm' measure: 'exact_match' } ";

TEST(Question, FieldsAreMadeOfTheRecordAndOfEarlierFields) {
  const SuiteRules rules = Rules(absl::StrCat(kTexts, R"(
      fields { name: "upper" value: "{a}" steps { capitalize: true } }
      fields { name: "both" value: "{upper}, {a} of {subset}" })"));
  const auto question = Read(rules, R"({"a": "word"})");
  ASSERT_TRUE(question.ok()) << question.status();
  EXPECT_EQ(question->fields()("both"), "Word, word of part");
  EXPECT_EQ(question->fields()("examples"), "some examples");
  EXPECT_EQ(question->fields()("none"), std::nullopt);
  EXPECT_THAT(Read(rules, R"({"b": "word"})").status().message(), HasSubstr("upper: no field \"a\""));
}

TEST(Question, ChoicesComeFromTemplatesOrWhereverALists) {
  const SuiteRules templates = Rules(absl::StrCat(kChoices, R"(
      choices { templates: "{x}" templates: "{y}" } answer { value: "{n}" meaning: NUMBER })"));
  const auto pair = Read(templates, R"({"x": "left", "y": "right", "n": "2"})");
  ASSERT_TRUE(pair.ok()) << pair.status();
  EXPECT_EQ(pair->choice_text(1), "right");
  EXPECT_THAT(pair->right_choices(), ElementsAre(1));

  const SuiteRules objects = Rules(absl::StrCat(kChoices, R"(
      choices { list { path: "c" steps { strip: true } } text_member: "text" label_member: "name" }
      answer { value: "{k}" meaning: LABEL })"));
  const auto labelled =
      Read(objects, R"({"c": [{"name": "1", "text": " a"}, {"name": "2", "text": "b"}], "k": "2"})");
  ASSERT_TRUE(labelled.ok()) << labelled.status();
  EXPECT_EQ(labelled->choice_text(0), "a");
  EXPECT_EQ(labelled->choice(1)("label"), "2");
  EXPECT_EQ(labelled->choice(1)("letter"), "B");
  EXPECT_EQ(labelled->choice(1)("k"), "2");
  EXPECT_THAT(labelled->right_choices(), ElementsAre(1));

  const SuiteRules literal =
      Rules(absl::StrCat(kChoices, "choices { list { path: 'c' } } answer { value: '{k|}' }"));
  const auto listed = Read(literal, R"({"c": "['a', 'b']", "k": "b"})");
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_THAT(listed->right_choices(), ElementsAre(1));
  EXPECT_TRUE(Read(literal, R"({"c": ["a", "b"]})")->right_choices().empty());
}

TEST(Question, AnObjectsKeysAreChoicesWithWeights) {
  const SuiteRules rules = Rules(absl::StrCat(kChoices, R"(
      choices { list { path: "c.texts|c" } weights_path: "c.labels" } answer { meaning: WEIGHTS })"));
  EXPECT_THAT(Read(rules, R"({"c": {"yes": 1, "no": 0, "so": 1}})")->right_choices(), ElementsAre(0, 2));
  EXPECT_THAT(Read(rules, R"({"c": {"texts": ["no", "yes"], "labels": [0, 1]}})")->right_choices(),
              ElementsAre(1));
  EXPECT_THAT(Read(rules, R"({"c": {"texts": ["no", "yes"], "labels": [0]}})").status().message(),
              HasSubstr("c.labels: is no weight for each choice"));
  EXPECT_THAT(Read(rules, R"({"c": {"no": 0, "not": 0}})").status().message(),
              HasSubstr("none has the weight 1"));
}

TEST(Question, FieldsOfAChoiceMayUseItsText) {
  const SuiteRules rules = Rules(absl::StrCat(kChoices, R"(
      choices {
        list { path: "c" }
        fields { name: "filled" value: "{s}" steps { replace { pattern: "_" with_field: "choice" literal: true } } }
      }
      answer { value: "{i}" meaning: INDEX })"));
  const auto question = Read(rules, R"({"s": "a _ b _", "c": ["x", "y"], "i": 0})");
  ASSERT_TRUE(question.ok()) << question.status();
  EXPECT_EQ(question->choice(1)("filled"), "a y b y");
}

TEST(Question, WhoSpeaksIsToSayTheLetter) {
  const SuiteRules rules = Rules(absl::StrCat(kTexts, R"(
      choices { list { path: "c" } } answer { value: "{i}" meaning: INDEX })"));
  EXPECT_EQ(Read(rules, R"({"c": ["x", "y"], "i": 1})")->answer(), "B");
}

TEST(Question, RightAndWrongAnswersAreLists) {
  const SuiteRules rules = Rules(absl::StrCat(kTexts, R"x(
      answer {
        value: "{best}"
        steps { lower: true }
        right { path: "right" separator: ";" steps { strip: true } drop_empty: true also: "none" also: "b" }
        wrong { path: "wrong" }
      })x"));
  const auto question = Read(rules, R"({"best": "A", "right": "a; b;", "wrong": ["c", "d"]})");
  ASSERT_TRUE(question.ok()) << question.status();
  EXPECT_EQ(question->answer(), "a");
  EXPECT_THAT(question->right_answers(), ElementsAre("a", "b", "none"));
  EXPECT_THAT(question->wrong_answers(), ElementsAre("c", "d"));
}

TEST(Question, AnAnswerThatIsNoChoiceIsRefused) {
  const SuiteRules rules = Rules(absl::StrCat(kChoices, R"(
      choices { list { path: "c" } } answer { value: "{i}" meaning: INDEX })"));
  EXPECT_THAT(Read(rules, R"({"c": ["x", "y"], "i": 2})").status().message(),
              HasSubstr("the answer \"2\" is none of its 2 choices"));
  EXPECT_THAT(Read(rules, R"({"c": ["x", "y"], "i": "B"})").status().message(), HasSubstr("\"B\" is none"));
  EXPECT_THAT(Read(rules, R"({"c": ["x"], "i": 0})").status().message(),
              HasSubstr("there are 1; valid: 2 to 256"));
}

TEST(Question, QuestionsOfAnotherKindAreLeftOut) {
  const SuiteRules rules = Rules(absl::StrCat(kTexts, "only_if_field: '{kind}' only_if_text: 'say'"));
  v1::Document document;
  document.set_record(R"({"kind": "say"})");
  EXPECT_TRUE(Question::Keeps(rules, document, "").value());
  document.set_record(R"({"kind": "choose"})");
  EXPECT_FALSE(Question::Keeps(rules, document, "").value());
}

}  // namespace
}  // namespace bonsai
