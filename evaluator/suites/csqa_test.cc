#include "evaluator/suites/csqa.h"

#include "evaluator/byte_tokenizer.h"
#include "evaluator/fake_language_model.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

absl::Status Ignore(uint64_t) { return absl::OkStatus(); }

v1::Document Question(const std::string& stem, const std::string& answer) {
  v1::Document document;
  document.set_id("q1");
  v1::MultipleChoice* question = document.mutable_multiple_choice();
  question->set_question(stem);
  question->set_answer_label(answer);
  const char* texts[] = {"bank", "library", "department store", "mall", "new york"};
  for (int i = 0; i < 5; ++i) {
    v1::Choice* choice = question->add_choices();
    choice->set_label(std::string(1, static_cast<char>('A' + i)));
    choice->set_text(texts[i]);
  }
  return document;
}

// A model of bytes that likes one letter best.
FakeLanguageModel Likes(char letter) {
  return FakeLanguageModel(259, 512, [letter](std::span<const int32_t>) {
    std::vector<float> logits(259, 0.0f);
    logits[letter + 3] = 2.0f;
    return logits;
  });
}

v1::SuiteResult Evaluate(FakeLanguageModel& model, const std::vector<v1::Document>& documents) {
  const auto suite = CommonsenseQaSuite::Create(ByteTokenizer(), model.positions_max(), "lmeval", documents);
  EXPECT_TRUE(suite.ok()) << suite.status();
  const auto scores = model.ScoreAll((*suite)->requests(), Ignore);
  EXPECT_TRUE(scores.ok()) << scores.status();
  return (*suite)->Judge({.scores = *scores, .texts = {}}).result;
}

// The harness's task commonsense_qa, rendered by hand for the first question of its validation split.
TEST(CommonsenseQa, MakesTheHarnesssPrompt) {
  const v1::Document document = Question(
      " A revolving door is convenient for two direction travel, but it also serves as a security measure at "
      "a "
      "what?\n",
      "A");
  EXPECT_EQ(
      *CommonsenseQaPrompt(document),
      "Question: A revolving door is convenient for two direction travel, but it also serves as a security "
      "measure at a what?\n"
      "A. bank\n"
      "B. library\n"
      "C. department store\n"
      "D. mall\n"
      "E. new york\n"
      "Answer:");
}

TEST(CommonsenseQa, AsksForEachLetterAfterASpace) {
  FakeLanguageModel model = Likes('A');
  Evaluate(model, {Question("What?", "A")});
  ASSERT_EQ(model.asked().size(), 5u);
  EXPECT_EQ(ByteTokenizer().Decode(model.asked()[0].continuation), " A");
  EXPECT_EQ(ByteTokenizer().Decode(model.asked()[4].continuation), " E");
  EXPECT_EQ(model.asked()[0].context.front(), 1);
  const std::string prompt = ByteTokenizer().Decode(model.asked()[0].context);
  EXPECT_EQ(prompt.substr(prompt.size() - 8), "\nAnswer:");
}

TEST(CommonsenseQa, CountsWhatTheModelGetsRight) {
  FakeLanguageModel model = Likes('C');
  const v1::SuiteResult result =
      Evaluate(model, {Question("1", "C"), Question("2", "A"), Question("3", "A"), Question("4", "A")});
  ASSERT_EQ(result.metrics_size(), 1);
  EXPECT_EQ(result.metrics(0).value(), 0.25);
  EXPECT_DOUBLE_EQ(result.metrics(0).stderr(), 0.25);
  EXPECT_EQ(result.metrics(0).floor(), 0.75);
  EXPECT_FALSE(result.metrics(0).lower_is_better());
  EXPECT_EQ(result.documents(), 4u);
  EXPECT_EQ(result.degenerate(), "answers C to every question");
}

TEST(CommonsenseQa, RefusesWhatIsNoQuestionOfItsForm) {
  v1::Document text;
  text.set_id("t");
  text.set_text("story");
  v1::Document four = Question("?", "A");
  four.mutable_multiple_choice()->mutable_choices()->RemoveLast();
  v1::Document labels = Question("?", "A");
  labels.mutable_multiple_choice()->mutable_choices(1)->set_label("X");
  const struct {
    v1::Document document;
    const char* message;
  } kCases[] = {
      {text, "commonsenseqa: document \"t\": not a multiple-choice question"},
      {four, "commonsenseqa: document \"q1\": 4 choices; there must be 5"},
      {labels, "commonsenseqa: document \"q1\": choice 1 has the label \"X\", not B"},
      {Question("?", ""), "commonsenseqa: document \"q1\": the answer \"\" is none of A to E"},
  };
  for (const auto& bad : kCases) {
    const std::vector<v1::Document> documents = {bad.document};
    const absl::Status status =
        CommonsenseQaSuite::Create(ByteTokenizer(), 512, "lmeval", documents).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), bad.message);
  }
}

TEST(CommonsenseQa, RefusesAProfileThatItDoesNotKnow) {
  const std::vector<v1::Document> documents = {Question("?", "A")};
  const absl::Status status =
      CommonsenseQaSuite::Create(ByteTokenizer(), 512, "opencompass", documents).status();
  EXPECT_NE(status.message().find("\"opencompass\" is not known; there is \"lmeval\""), std::string::npos)
      << status;
}

}  // namespace
}  // namespace bonsai
