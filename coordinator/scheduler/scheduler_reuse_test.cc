// Jobs that take the output of one that did the same before, instead of running.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "coordinator/scheduler/scheduled_world.h"

namespace bonsai {
namespace {

constexpr char kVocabulary[] = "vocab_size: 512";

TestJob Tokenizer(const std::string& name, const std::string& corpus, const std::string& rest = "reuse: true",
                  const std::string& spec = kVocabulary) {
  return {"name: '" + name + "' " + rest + " tokenizer { corpus: '@" + corpus + "' " + spec + " }", {corpus}};
}

class SchedulerReuseTest : public ::testing::Test {
 protected:
  // Runs a pipeline's job, whose attempt is its first, to its end. The artifact's id.
  std::string Finish(const std::string& job_id, const std::string& kind) {
    world_.Sync("w1");
    const std::string output = world_.MakeArtifact(kind);
    world_.Sync("w1", {Exited(job_id, 1, 0, v1::RankReport::DONE, output)});
    world_.Sync("w1");
    EXPECT_EQ(world_.state(job_id), v1::DONE);
    return output;
  }

  // The corpus of a first pipeline, and a job that has made a tokenizer of it.
  void RunFirst() {
    world_.Submit({DataJob("corpus"), Tokenizer("tokenizer", "corpus")});
    corpus_ = Finish("p1/corpus", "corpus");
    output_ = Finish("p1/tokenizer", "tokenizer");
  }

  // A pipeline of a job "again" over a corpus that is there.
  void SubmitAgain(const std::string& corpus, const std::string& rest = "reuse: true",
                   const std::string& spec = kVocabulary, const Actor& actor = {}) {
    PipelineSubmitted event;
    event.actor = actor;
    event.request_id = "again " + std::to_string(++requests_);
    const std::string text = "name: 'again' " + rest + " tokenizer { corpus: '" + corpus + "' " + spec + " }";
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, event.pipeline.add_jobs())) << text;
    v1::ResolvedInput& input = event.inputs.emplace_back().emplace_back();
    input.set_field("field of corpus");  // as ScheduledWorld calls it
    input.set_artifact_id(corpus);
    ASSERT_EQ(world_.Refusal(event), absl::OkStatus());
  }

  int requests_ = 0;
  ScheduledWorld world_;
  std::string corpus_, output_;
};

TEST_F(SchedulerReuseTest, AJobThatWasDoneBeforeIsNotRunAgain) {
  RunFirst();
  SubmitAgain(corpus_);
  const v1::JobRecord& job = world_.job("p2/again");
  EXPECT_EQ(job.state(), v1::DONE);
  EXPECT_EQ(job.output_id(), output_);
  EXPECT_EQ(job.attempts_size(), 0);
  EXPECT_EQ(job.reason(), "took the output of p1/tokenizer: same spec, inputs and code version");
  EXPECT_THAT(world_.Story("p2/again"),
              testing::ElementsAre(
                  "anonymous: submitted",
                  "scheduler: reused (took the output of p1/tokenizer: same spec, inputs and code version)",
                  "scheduler: done with artifact " + output_));
}

TEST_F(SchedulerReuseTest, NameResourcesAndPlaceInTheQueueDoNotMatter) {
  RunFirst();
  SubmitAgain(corpus_,
              "reuse: true priority: 3 max_attempts: 7 grace_seconds: 5 "
              "time_limit_seconds: 9 resources { cpus: 2 labels { key: 'a' value: 'b' } }");
  EXPECT_EQ(world_.state("p2/again"), v1::DONE);
}

TEST_F(SchedulerReuseTest, AnotherSpecOrInputRuns) {
  RunFirst();
  SubmitAgain(corpus_, "reuse: true", "vocab_size: 513");
  EXPECT_EQ(world_.state("p2/again"), v1::RUNNING);
  SubmitAgain(world_.MakeArtifact("corpus"));
  EXPECT_EQ(world_.state("p3/again"), v1::READY) << "the worker is full";
}

TEST_F(SchedulerReuseTest, OnlyWhoAsksForItReuses) {
  RunFirst();
  SubmitAgain(corpus_, "");
  EXPECT_EQ(world_.state("p2/again"), v1::RUNNING);
}

TEST_F(SchedulerReuseTest, ItIsDecidedWhenTheInputsAreThere) {
  RunFirst();
  // The corpus is reused first, and only then is it known what its tokenizer is made of.
  world_.Submit({DataJob("corpus", "reuse: true"), Tokenizer("other", "corpus")});
  EXPECT_EQ(world_.state("p2/corpus"), v1::DONE);
  EXPECT_EQ(world_.state("p2/other"), v1::DONE);
  EXPECT_EQ(world_.job("p2/other").output_id(), output_);
  EXPECT_THAT(world_.Story("p2/other"), testing::Contains("scheduler: ready (p2/corpus is done)"));
}

TEST_F(SchedulerReuseTest, TheNewestOfSeveralIsTaken) {
  RunFirst();
  world_.Advance(absl::Seconds(5));
  SubmitAgain(corpus_, "");
  const std::string newer = Finish("p2/again", "tokenizer");
  SubmitAgain(corpus_);
  EXPECT_EQ(world_.job("p3/again").output_id(), newer);
  EXPECT_THAT(world_.job("p3/again").reason(), testing::HasSubstr("p2/again"));
}

TEST_F(SchedulerReuseTest, WhatWasReusedIsToldByTheJobThatRan) {
  RunFirst();
  SubmitAgain(corpus_);
  SubmitAgain(corpus_);
  EXPECT_THAT(world_.job("p3/again").reason(), testing::HasSubstr("p1/tokenizer"));
}

TEST_F(SchedulerReuseTest, ItWorksAfterARestart) {
  RunFirst();
  world_.Submit({DataJob("slow"), Tokenizer("later", "slow")});
  world_.Restart();
  SubmitAgain(corpus_);
  EXPECT_EQ(world_.job("p3/again").output_id(), output_);
  world_.Restart();
  EXPECT_EQ(world_.state("p3/again"), v1::DONE);
  EXPECT_EQ(world_.state("p2/later"), v1::WAITING);
}

TEST_F(SchedulerReuseTest, FailedWorkIsNotReused) {
  world_.Submit({DataJob("corpus", "max_attempts: 1")});
  world_.Sync("w1");
  world_.Sync("w1", {Exited("p1/corpus", 1, 0, v1::RankReport::BAD_INPUT)});
  ASSERT_EQ(world_.state("p1/corpus"), v1::FAILED);
  world_.Submit({DataJob("corpus", "reuse: true")});
  EXPECT_EQ(world_.state("p2/corpus"), v1::RUNNING);
}

TEST_F(SchedulerReuseTest, AnotherTenantsWorkIsNotReused) {
  RunFirst();
  SubmitAgain(corpus_, "reuse: true", kVocabulary, {"bob", "blue", false});
  EXPECT_EQ(world_.state("p2/again"), v1::RUNNING);
}

TEST_F(SchedulerReuseTest, WhatAnotherCodeVersionMadeIsNotReused) {
  RunFirst();
  SchedulerOptions options;
  options.code_since = world_.now() + absl::Seconds(1);
  const auto updated = Scheduler::Create(options, world_.records(), world_.now() + absl::Seconds(2));
  v1::JobRecord job = world_.job("p1/tokenizer");
  PipelineSubmitted event;
  event.request_id = "again";
  *event.pipeline.add_jobs() = job.spec();
  event.inputs.emplace_back(job.inputs().begin(), job.inputs().end());
  event.inputs[0][0].clear_job_id();
  updated->Apply(world_.now() + absl::Seconds(2), event);
  EXPECT_NE(updated->ExplainPending("p2/tokenizer"), "") << "it waits for a worker";
  options.code_since = absl::InfinitePast();
  const auto same = Scheduler::Create(options, world_.records(), world_.now() + absl::Seconds(2));
  same->Apply(world_.now() + absl::Seconds(2), event);
  EXPECT_EQ(same->ExplainPending("p2/tokenizer"), "") << "it is done";
}

}  // namespace
}  // namespace bonsai
