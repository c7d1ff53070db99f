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

// "1: starts on w1", "0!: is FAILED".
std::vector<std::string> Told(const v1::JobRecord* before, const v1::JobRecord& after) {
  std::vector<std::string> told;
  for (const JobNews& news : DescribeJobChange(before, after))
    told.push_back(std::to_string(news.attempt) + (news.bad ? "!: " : ": ") + news.text);
  return told;
}

TEST(JobJournalTest, TellsTheLifeOfAJob) {
  const v1::JobRecord submitted = Job(v1::READY);
  EXPECT_THAT(Told(nullptr, submitted), ElementsAre("0: is submitted"));
  v1::JobRecord running = Job(v1::RUNNING);
  v1::AttemptRecord* attempt = running.add_attempts();
  attempt->set_number(1);
  attempt->add_placements()->set_worker_id("w1");
  attempt->add_placements()->set_worker_id("w2");
  EXPECT_THAT(Told(&submitted, running), ElementsAre("1: starts on w1, w2"));
  v1::JobRecord saved = running;
  v1::Checkpoint* checkpoint = saved.add_checkpoints();
  checkpoint->set_manifest_id("0123456789abcdef");
  checkpoint->set_step(50);
  checkpoint->set_attempt(1);
  EXPECT_THAT(Told(&running, saved), ElementsAre("1: has a checkpoint at step 50, 0123456789ab"));
  v1::JobRecord failed = saved;
  failed.set_state(v1::FAILED);
  failed.set_reason("attempt 1 failed");
  failed.mutable_attempts(0)->set_outcome(v1::AttemptRecord::BAD_INPUT);
  failed.mutable_attempts(0)->set_reason("no such file");
  EXPECT_THAT(Told(&saved, failed),
              ElementsAre("1!: ended, BAD_INPUT: no such file", "0!: is FAILED: attempt 1 failed"));
  EXPECT_THAT(Told(&failed, failed), IsEmpty());
}

TEST(JobJournalTest, CountsAnAttemptOnceWhenItEnds) {
  Metrics metrics;
  v1::JobRecord ready = Job(v1::READY);
  ready.set_ready_unix_ms(1000);
  v1::JobRecord live = Job(v1::RUNNING);
  live.set_queue("night");
  live.add_attempts()->set_number(1);
  live.mutable_attempts(0)->set_started_unix_ms(4000);
  v1::JobRecord lost = live;
  lost.mutable_attempts(0)->set_outcome(v1::AttemptRecord::LOST);
  RecordJobChange(metrics, &ready, live);
  RecordJobChange(metrics, &live, lost);
  RecordJobChange(metrics, &lost, lost);
  EXPECT_THAT(metrics.Text(), HasSubstr("bonsai_admission_wait_seconds_sum{queue=\"night\"} 3\n"));
  EXPECT_THAT(metrics.Text(), HasSubstr("bonsai_attempts_total{outcome=\"LOST\"} 1\n"));
}

}  // namespace
}  // namespace bonsai
