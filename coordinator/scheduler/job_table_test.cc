#include "coordinator/scheduler/job_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class JobTableTest : public testing::Test {
 protected:
  void Add(const std::string& id, const std::vector<std::string>& needs) {
    v1::JobRecord record;
    record.set_id(id);
    record.set_sequence(++sequence_);
    for (const std::string& need : needs) record.add_inputs()->set_job_id(need);
    table_.Add(record, now_, "ada");
  }
  std::vector<std::string> Changed() {
    std::vector<std::string> ids;
    for (const auto& record : table_.TakeChanged()) ids.push_back(record.id());
    return ids;
  }
  v1::JobState State(const std::string& id) { return table_.Find(id)->state(); }

  const absl::Time now_ = absl::FromUnixSeconds(1000);
  uint64_t sequence_ = 0;
  JobTable table_;
};

TEST_F(JobTableTest, GivesAnOutputToEveryFieldThatNamesTheJob) {
  Add("b", {"a", "a", "c"});
  Add("a", {});
  Add("c", {});
  Changed();
  table_.Finish("a", "x", now_);
  EXPECT_THAT(Changed(), ElementsAre("a", "b"));
  EXPECT_EQ(State("b"), v1::WAITING);
  table_.Finish("c", "y", now_);
  EXPECT_EQ(State("b"), v1::READY);
  EXPECT_EQ(table_.Find("b")->inputs(1).artifact_id(), "x");
  EXPECT_EQ(table_.Find("b")->inputs(2).artifact_id(), "y");
  EXPECT_EQ(table_.ready().begin()->second.job_id, "b");
}

TEST_F(JobTableTest, AJobsFailureReachesAllThatNeedItAndNoOther) {
  Add("a", {});
  Add("b", {"a"});
  Add("c", {"b"});
  Add("d", {});
  EXPECT_THAT(table_.Dependents("a"), ElementsAre("b", "c"));
  table_.Fail("a", "why", now_);
  EXPECT_EQ(State("c"), v1::FAILED);
  EXPECT_EQ(table_.Find("c")->reason(), "a failed: why");
  EXPECT_EQ(State("d"), v1::READY);
  EXPECT_THAT(table_.Dependents("a"), IsEmpty()) << "they have ended";
}

TEST_F(JobTableTest, AReadyJobThatIsCancelledIsNoLongerReady) {
  Add("a", {});
  Add("b", {"a"});
  table_.Cancel("a", "cancelled", now_);
  EXPECT_TRUE(table_.ready().empty());
  EXPECT_EQ(State("b"), v1::CANCELLED);
  EXPECT_EQ(table_.Find("b")->reason(), "a was cancelled");
  EXPECT_EQ(table_.Find("b")->ended_unix_ms(), 1'000'000);
}

TEST_F(JobTableTest, AJobThatBacksOffIsNotReadyUntilThen) {
  Add("a", {});
  table_.SetState("a", v1::RUNNING, "", now_, {"started"});
  EXPECT_EQ(table_.NextRelease(), absl::InfiniteFuture());
  table_.Retry("a", "disk full", absl::Microseconds(1500), now_, {"failed"});
  EXPECT_EQ(State("a"), v1::READY);
  EXPECT_TRUE(table_.ready().empty());
  EXPECT_EQ(table_.NextRelease(), now_ + absl::Milliseconds(2)) << "rounded up to what a record can say";
  EXPECT_EQ(table_.DescribeHold(*table_.Find("a")), "backs off until 1970-01-01T00:16:40.002Z: disk full");
  table_.Release(now_ + absl::Milliseconds(1));
  EXPECT_TRUE(table_.ready().empty());
  table_.Release(now_ + absl::Milliseconds(2));
  EXPECT_EQ(table_.ready().size(), 1u);
  EXPECT_EQ(table_.DescribeHold(*table_.Find("a")), "");
}

TEST_F(JobTableTest, AJobOfAPausedPipelineIsNotReadyHoweverItGotThere) {
  v1::PipelineRecord pipeline;
  pipeline.set_id("p");
  pipeline.add_job_ids("p/a");
  pipeline.add_job_ids("p/b");
  for (const char* id : {"p/a", "p/b"}) {
    v1::JobRecord record;
    record.set_id(id);
    record.set_pipeline_id("p");
    record.set_sequence(++sequence_);
    table_.Add(record, now_);
  }
  table_.SetState("p/b", v1::RUNNING, "", now_, {"started"});
  table_.SetPaused(pipeline, true, now_);
  table_.Retry("p/b", "", absl::ZeroDuration(), now_, {"preempted"});
  EXPECT_TRUE(table_.ready().empty());
  EXPECT_EQ(table_.DescribeHold(*table_.Find("p/b")), "pipeline p is paused");
  table_.SetPaused(pipeline, false, now_);
  EXPECT_EQ(table_.ready().size(), 2u);
}

TEST_F(JobTableTest, AJobThatBeginsAgainTakesWhatWasDoneMeanwhile) {
  Add("a", {});
  Add("b", {});
  Add("c", {"a", "b"});
  table_.Fail("a", "why", now_);
  table_.Finish("b", "y", now_);
  EXPECT_EQ(State("c"), v1::FAILED);
  table_.Reopen("a", now_, "ada");
  table_.Reopen("c", now_, "ada");
  EXPECT_EQ(State("a"), v1::READY);
  EXPECT_EQ(State("c"), v1::WAITING);
  EXPECT_EQ(table_.Find("c")->inputs(1).artifact_id(), "y");
  EXPECT_EQ(table_.Find("c")->ended_unix_ms(), 0);
  table_.Finish("a", "x", now_);
  EXPECT_EQ(State("c"), v1::READY);
}

TEST_F(JobTableTest, StartsFromRecords) {
  Add("a", {});
  Add("b", {"a"});
  std::map<std::string, v1::JobRecord> records;
  for (const auto& record : table_.TakeChanged()) records[record.id()] = record;
  JobTable loaded(records, now_, absl::Minutes(5));
  EXPECT_THAT(loaded.TakeChanged(), IsEmpty());
  ASSERT_EQ(loaded.ready().size(), 1u);
  EXPECT_THAT(loaded.Dependents("a"), ElementsAre("b"));
}

TEST_F(JobTableTest, AClockThatWasSetBackMakesNobodyWaitForTheOldTime) {
  Add("a", {});
  table_.Edit("a").add_attempts()->set_ended_unix_ms(absl::ToUnixMillis(now_));
  table_.Retry("a", "failed", absl::Seconds(4), now_, {"failed"});
  const std::map<std::string, v1::JobRecord> kept = {{"a", *table_.Find("a")}};
  const absl::Time earlier = now_ - absl::Hours(1);
  JobTable restarted(kept, earlier, absl::Minutes(5));
  EXPECT_THAT(restarted.ready(), IsEmpty());
  EXPECT_EQ(restarted.Find("a")->not_before_unix_ms(), absl::ToUnixMillis(earlier + absl::Seconds(4)));
  // The same clock: as it was.
  EXPECT_EQ(JobTable(kept, now_, absl::Minutes(5)).Find("a")->not_before_unix_ms(),
            absl::ToUnixMillis(now_ + absl::Seconds(4)));
}

TEST_F(JobTableTest, AClockThatWasSetBackTwiceMakesNobodyWaitLongerThanTheLongestBackoff) {
  Add("a", {});
  table_.Edit("a").add_attempts()->set_ended_unix_ms(absl::ToUnixMillis(now_));
  table_.Retry("a", "failed", absl::Seconds(4), now_, {"failed"});
  std::map<std::string, v1::JobRecord> kept = {{"a", *table_.Find("a")}};
  JobTable once(kept, now_ - absl::Hours(1), absl::Minutes(5));
  // Something else happens to the job, and its record is kept as it is now.
  once.Note("a", now_ - absl::Hours(1), {"paused"});
  for (const v1::JobRecord& record : once.TakeChanged()) kept[record.id()] = record;
  const absl::Time earliest = now_ - absl::Hours(2);
  JobTable twice(kept, earliest, absl::Minutes(5));
  EXPECT_LE(twice.NextRelease(), earliest + absl::Minutes(5));
}

}  // namespace
}  // namespace bonsai
