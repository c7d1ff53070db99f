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
    table_.Add(record, now_);
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

TEST_F(JobTableTest, StartsFromRecords) {
  Add("a", {});
  Add("b", {"a"});
  std::map<std::string, v1::JobRecord> records;
  for (const auto& record : table_.TakeChanged()) records[record.id()] = record;
  JobTable loaded(records, now_);
  EXPECT_THAT(loaded.TakeChanged(), IsEmpty());
  ASSERT_EQ(loaded.ready().size(), 1u);
  EXPECT_THAT(loaded.Dependents("a"), ElementsAre("b"));
}

}  // namespace
}  // namespace bonsai
