#include "coordinator/rpc/job_journal.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::JobRecord Job(v1::JobState state) {
  v1::JobRecord job;
  job.set_id("p1/pretrain");
  job.set_state(state);
  return job;
}

TEST(JobJournalTest, TellsTheLifeOfAJob) {
  const v1::JobRecord submitted = Job(v1::READY);
  EXPECT_THAT(DescribeJobChange(nullptr, submitted), ElementsAre("p1/pretrain is submitted"));
  v1::JobRecord running = Job(v1::RUNNING);
  v1::AttemptRecord* attempt = running.add_attempts();
  attempt->set_number(1);
  attempt->add_placements()->set_worker_id("w1");
  attempt->add_placements()->set_worker_id("w2");
  EXPECT_THAT(DescribeJobChange(&submitted, running), ElementsAre("p1/pretrain attempt 1 starts on w1, w2"));
  v1::JobRecord saved = running;
  v1::Checkpoint* checkpoint = saved.add_checkpoints();
  checkpoint->set_manifest_id("0123456789abcdef");
  checkpoint->set_step(50);
  checkpoint->set_attempt(1);
  EXPECT_THAT(DescribeJobChange(&running, saved),
              ElementsAre("p1/pretrain attempt 1 has a checkpoint at step 50, 0123456789ab"));
  v1::JobRecord failed = saved;
  failed.set_state(v1::FAILED);
  failed.set_reason("attempt 1 failed");
  failed.mutable_attempts(0)->set_outcome(v1::AttemptRecord::BAD_INPUT);
  failed.mutable_attempts(0)->set_reason("no such file");
  EXPECT_THAT(DescribeJobChange(&saved, failed),
              ElementsAre("p1/pretrain attempt 1 ended, BAD_INPUT: no such file",
                          "p1/pretrain is FAILED: attempt 1 failed"));
  EXPECT_THAT(DescribeJobChange(&failed, failed), IsEmpty());
}

TEST(JobJournalTest, CountsAnAttemptOnceWhenItEnds) {
  Metrics metrics;
  v1::JobRecord live = Job(v1::RUNNING);
  live.add_attempts()->set_number(1);
  v1::JobRecord lost = live;
  lost.mutable_attempts(0)->set_outcome(v1::AttemptRecord::LOST);
  RecordJobChange(metrics, nullptr, live);
  RecordJobChange(metrics, &live, lost);
  RecordJobChange(metrics, &lost, lost);
  EXPECT_THAT(metrics.Text(), HasSubstr("bonsai_attempts_total{outcome=\"LOST\"} 1\n"));
}

}  // namespace
}  // namespace bonsai
