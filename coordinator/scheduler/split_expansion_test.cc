#include "coordinator/scheduler/split_expansion.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "coordinator/scheduler/job_kinds.h"

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

v1::Pipeline Parse(const std::string& text) {
  v1::Pipeline pipeline;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &pipeline)) << text;
  return pipeline;
}

v1::Pipeline WithEvaluation(const std::string& fields) {
  return Parse(R"(
    jobs { name: "pretrain" pretrain { tokens: "@pack" steps: 9 } }
    jobs { name: "judge" max_attempts: 7 evaluate { model: "@pretrain"
             bits_per_byte { corpus: "@held_out" xz_reference: "@corpus" } )" +
               fields + R"( } }
    jobs { name: "enter" submission { model: "@pretrain" evaluations: "@judge" } })");
}

std::vector<std::string> Names(const v1::Pipeline& pipeline) {
  std::vector<std::string> names;
  for (const v1::JobSpec& job : pipeline.jobs()) names.push_back(job.name());
  return names;
}

TEST(SplitExpansionTest, LeavesAnEvaluationInOnePieceAsItIs) {
  for (const char* fields : {"", "split: 0", "split: 1", "batch_requests: 8"}) {
    const v1::Pipeline pipeline = WithEvaluation(fields);
    const auto expanded = ExpandPipeline(pipeline);
    ASSERT_TRUE(expanded.ok()) << expanded.status();
    EXPECT_EQ(expanded->SerializeAsString(), pipeline.SerializeAsString());
  }
}

TEST(SplitExpansionTest, MakesAJobForEachPartAndOneThatJudges) {
  const auto expanded = ExpandPipeline(WithEvaluation("split: 3 batch_requests: 8 compare_with: \"@judge\""));
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  EXPECT_THAT(Names(*expanded), ElementsAre("pretrain", "judge-0", "judge-1", "judge-2", "judge", "enter"));
  for (int i = 0; i < 3; ++i) {
    const v1::JobSpec& part = expanded->jobs(1 + i);
    EXPECT_EQ(part.evaluate().part().index(), static_cast<uint32_t>(i));
    EXPECT_EQ(part.evaluate().part().count(), 3u);
    EXPECT_EQ(part.evaluate().model(), "@pretrain");
    EXPECT_EQ(part.evaluate().batch_requests(), 8u);
    EXPECT_EQ(part.max_attempts(), 7u);
    EXPECT_EQ(part.evaluate().bits_per_byte().corpus(), "@held_out");
    EXPECT_EQ(part.evaluate().bits_per_byte().xz_reference(), "");  // xz is measured once, by the judge
    EXPECT_EQ(part.evaluate().compare_with(), "");
    EXPECT_EQ(part.evaluate().split(), 0u);
    EXPECT_EQ(OutputKind(part), "answers");
  }
  const v1::JobSpec& judge = expanded->jobs(4);
  EXPECT_THAT(judge.evaluate().answers(), ElementsAre("@judge-0", "@judge-1", "@judge-2"));
  EXPECT_FALSE(judge.evaluate().has_part());
  EXPECT_EQ(judge.evaluate().bits_per_byte().xz_reference(), "@corpus");
  EXPECT_EQ(OutputKind(judge), "evaluation");
}

TEST(SplitExpansionTest, RefusesWhatOnlyTheCoordinatorWrites) {
  const auto refusal = [](const std::string& fields) {
    return std::string(ExpandPipeline(WithEvaluation(fields)).status().message());
  };
  EXPECT_THAT(refusal("part { index: 0 count: 2 }"), HasSubstr("job \"judge\": evaluate.part is set"));
  EXPECT_THAT(refusal("answers: \"@other\""), HasSubstr("job \"judge\": evaluate.answers is set"));
  EXPECT_THAT(refusal("split: 65"), HasSubstr("evaluate.split is 65: must be from 1 to 64"));
  EXPECT_EQ(refusal("split: 64"), "");
}

TEST(SplitExpansionTest, RefusesNamesThatAreTooLong) {
  v1::Pipeline pipeline = WithEvaluation("split: 11");
  pipeline.mutable_jobs(1)->set_name(std::string(61, 'j'));
  EXPECT_TRUE(ExpandPipeline(pipeline).ok());
  pipeline.mutable_jobs(1)->set_name(std::string(62, 'j'));
  EXPECT_THAT(std::string(ExpandPipeline(pipeline).status().message()), HasSubstr("up to 65 bytes"));
}

TEST(SplitExpansionTest, RefusesToSplitTheVariantsOfASweep) {
  v1::Pipeline pipeline = WithEvaluation("split: 2");
  v1::Sweep& sweep = *pipeline.add_sweeps();
  sweep.set_job("judge");
  sweep.set_metric("acc");
  v1::Sweep::Parameter& parameter = *sweep.add_parameters();
  parameter.set_field("evaluate.batch_requests");
  parameter.add_values("1");
  EXPECT_THAT(std::string(ExpandPipeline(pipeline).status().message()),
              HasSubstr("evaluate.split is 2, but a sweep varies the job \"judge\""));
}

TEST(SplitExpansionTest, SplitsTheEvaluationOfASweptModel) {
  v1::Pipeline pipeline = WithEvaluation("split: 2");
  v1::Sweep& sweep = *pipeline.add_sweeps();
  sweep.set_job("pretrain");
  sweep.set_metric("loss");
  v1::Sweep::Parameter& parameter = *sweep.add_parameters();
  parameter.set_field("pretrain.steps");
  parameter.add_values("1");
  parameter.add_values("2");
  const auto expanded = ExpandPipeline(pipeline);
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  EXPECT_THAT(Names(*expanded),
              ElementsAre("pretrain-0", "pretrain-1", "pretrain", "judge-0", "judge-1", "judge", "enter"));
}

}  // namespace
}  // namespace bonsai
