#include "coordinator/scheduler/worker_table.h"

#include <gtest/gtest.h>

namespace bonsai {
namespace {

using Heard = WorkerTable::Heard;

class WorkerTableTest : public testing::Test {
 protected:
  Heard Hear(const std::string& session, uint64_t sequence) {
    v1::SynchronizeRequest request;
    request.set_worker_id("w");
    request.set_session(session);
    request.set_sequence(sequence);
    Heard heard = Heard::kLate;
    EXPECT_TRUE(table_.Hear(request, now_, absl::Seconds(10), heard).ok());
    return heard;
  }

  absl::Time now_ = absl::FromUnixSeconds(1000);
  WorkerTable table_;
};

TEST_F(WorkerTableTest, TellsSessionsAndLateRequestsApart) {
  EXPECT_EQ(Hear("a", 1), Heard::kFirstSession);
  EXPECT_EQ(Hear("a", 3), Heard::kSameSession);
  EXPECT_EQ(Hear("a", 2), Heard::kLate);
  EXPECT_EQ(Hear("a", 3), Heard::kLate) << "the same request again";
  EXPECT_EQ(Hear("a", 0), Heard::kSameSession) << "not numbered";
  EXPECT_EQ(Hear("b", 1), Heard::kNewSession);
  EXPECT_EQ(Hear("a", 9), Heard::kRetired);
  EXPECT_EQ(Hear("b", 2), Heard::kSameSession);
}

TEST_F(WorkerTableTest, ALateRequestDoesNotRenewTheLease) {
  Hear("a", 5);
  now_ += absl::Seconds(6);
  EXPECT_EQ(Hear("a", 4), Heard::kLate);
  EXPECT_EQ(table_.NextExpiry(), now_ + absl::Seconds(4));
}

TEST_F(WorkerTableTest, ARetiredSessionIsTakenBackWhenItsSuccessorIsGone) {
  Hear("living", 1);
  Hear("dead, but late", 1);
  EXPECT_EQ(Hear("living", 2), Heard::kRetired);
  now_ += absl::Seconds(10);
  table_.Expire(now_);
  EXPECT_EQ(Hear("living", 3), Heard::kNewSession);
}

TEST_F(WorkerTableTest, ALeaseEndsOnceAndASilentWorkerIsForgotten) {
  EXPECT_EQ(table_.NextExpiry(), absl::InfiniteFuture());
  Hear("a", 1);
  now_ += absl::Seconds(9);
  EXPECT_TRUE(table_.Expire(now_).empty());
  now_ += absl::Seconds(1);
  EXPECT_EQ(table_.Expire(now_), std::vector<std::string>{"w"});
  EXPECT_TRUE(table_.Expire(now_).empty());
  EXPECT_EQ(table_.all().size(), 1u);
  now_ += absl::Hours(25);
  table_.Expire(now_);
  EXPECT_TRUE(table_.all().empty());
}

TEST_F(WorkerTableTest, RefusesOneWorkerTooMany) {
  v1::SynchronizeRequest request;
  request.set_session("s");
  Heard heard = Heard::kLate;
  for (int i = 0; i < 10000; ++i) {
    request.set_worker_id("w" + std::to_string(i));
    ASSERT_TRUE(table_.Hear(request, now_, absl::Seconds(10), heard).ok());
  }
  request.set_worker_id("one more");
  EXPECT_EQ(table_.Hear(request, now_, absl::Seconds(10), heard).code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(CheckSynchronizeRequestTest, NamesWhatIsWrong) {
  v1::SynchronizeRequest request;
  request.set_worker_id(std::string(257, 'x'));
  EXPECT_EQ(CheckSynchronizeRequest(request).message(),
            "SynchronizeRequest.worker_id: has 257 bytes; at most 256");
  request.set_worker_id("w");
  request.set_session("s");
  EXPECT_TRUE(CheckSynchronizeRequest(request).ok());
  for (int i = 0; i < 2; ++i) request.add_ranks()->set_job_id("p1/a");
  EXPECT_EQ(CheckSynchronizeRequest(request).message(),
            "SynchronizeRequest.ranks: p1/a attempt 0 rank 0 is there twice");
}

}  // namespace
}  // namespace bonsai
