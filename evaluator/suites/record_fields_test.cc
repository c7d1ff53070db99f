#include "evaluator/suites/record_fields.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

RecordFields Fields(const std::string& record) {
  v1::Document document;
  document.set_record(record);
  absl::StatusOr<RecordFields> fields = RecordFields::Read(document);
  EXPECT_TRUE(fields.ok()) << fields.status();
  return fields.ok() ? *std::move(fields) : RecordFields();
}

TEST(RecordFields, FollowsPathsThroughObjectsAndArrays) {
  const RecordFields fields =
      Fields(R"({"q": {"stem": "why"}, "c": [{"t": "a"}, {"t": "b"}], "a.b": "whole"})");
  EXPECT_EQ(fields.Text("q.stem"), "why");
  EXPECT_EQ(fields.Text("c.1.t"), "b");
  EXPECT_EQ(fields.Text("a.b"), "whole");
  EXPECT_EQ(fields.Text("c.2.t"), std::nullopt);
  EXPECT_EQ(fields.Text("c.x"), std::nullopt);
  EXPECT_EQ(fields.Text("q"), std::nullopt);
  EXPECT_EQ(fields.Text("q.stem.more"), std::nullopt);
  EXPECT_EQ(fields.Find("c")->items().size(), 2u);
}

TEST(RecordFields, ValuesBecomeText) {
  const RecordFields fields = Fields(R"({"i": 12, "f": 0.5, "b": true, "n": null})");
  EXPECT_EQ(fields.Text("i"), "12");
  EXPECT_EQ(fields.Text("f"), "0.5");
  EXPECT_EQ(fields.Text("b"), "True");
  EXPECT_EQ(fields.Text("n"), "");
}

TEST(RecordFields, TypedDocumentsLookLikeRecords) {
  v1::Document document;
  document.set_text("some \"text\"");
  EXPECT_EQ(RecordFields::Read(document)->Text("text"), "some \"text\"");
  document.mutable_instruction()->set_instruction("do");
  EXPECT_EQ(RecordFields::Read(document)->Text("instruction"), "do");
  v1::MultipleChoice* question = document.mutable_multiple_choice();
  question->set_question("which");
  question->set_answer_label("B");
  v1::Choice* choice = question->add_choices();
  choice->set_label("A");
  choice->set_text("this");
  const auto fields = RecordFields::Read(document);
  EXPECT_EQ(fields->Text("question"), "which");
  EXPECT_EQ(fields->Text("choices.0.text"), "this");
  EXPECT_EQ(fields->Text("answerKey"), "B");
}

TEST(RecordFields, WhatIsNoObjectIsRefused) {
  v1::Document document;
  document.set_record("[1]");
  EXPECT_THAT(RecordFields::Read(document).status().message(), HasSubstr("no JSON object"));
  document.set_record("{");
  EXPECT_THAT(RecordFields::Read(document).status().message(), HasSubstr("the record is no JSON"));
}

TEST(RecordFields, ListsAreReadAsPythonAndJsonWriteThem) {
  EXPECT_THAT(ParseStringList(R"(['a', "it's", 'it\'s', '\xe9\n'])").value(),
              ElementsAre("a", "it's", "it's", "\xC3\xA9\n"));
  EXPECT_THAT(ParseStringList(R"( ["a","b",] )").value(), ElementsAre("a", "b"));
  EXPECT_THAT(ParseStringList("[]").value(), ElementsAre());
  for (const char* wrong :
       {"", "None", "['a'", "['a' 'b']", "['a]", "[1]", "['a'] x", "['\\q']", "['\\ud800']"}) {
    EXPECT_THAT(ParseStringList(wrong).status().message(), HasSubstr("not a list of strings")) << wrong;
  }
}

}  // namespace
}  // namespace bonsai
