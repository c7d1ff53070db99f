#include "coordinator/scheduler/meeting.h"

#include "coordinator/scheduler/scheduled_world.h"
#include "gtest/gtest.h"

namespace bonsai {
namespace {

class MeetingTest : public testing::Test {
 protected:
  MeetingTest() {
    for (const char* id : {"w1", "w2"}) {
      world_.offer(id).set_shares_storage(false);
      world_.offer(id).set_rendezvous_address(std::string(id) + ":1/secret");
    }
  }
  // The address that the task of this rank of a gang of `ranks` on w1 and w2 names.
  std::string AddressOf(uint32_t rank, uint32_t ranks = 2) {
    world_.Sync("w1");
    world_.Sync("w2");
    world_.Submit({{"name: 'g' resources { ranks: " + std::to_string(ranks) + " } pretrain {}", {}}});
    std::string address = "no such rank";
    for (const char* id : {"w1", "w2"}) {
      const v1::SynchronizeResponse response = world_.Sync(id);
      for (const v1::Task& task : response.desired()) {
        if (task.rank() == 0) host_ = id;
        if (task.rank() == rank) address = task.rendezvous_address();
      }
    }
    return address;
  }

  ScheduledWorld world_;
  std::string host_;
};

TEST_F(MeetingTest, RanksThatShareNoFolderMeetAtTheWorkerOfRankZero) {
  for (const char* id : {"w1", "w2"}) world_.SetCpus(id, 1);
  const std::string address = AddressOf(1);
  EXPECT_EQ(address, host_ + ":1/secret");
}

TEST_F(MeetingTest, WhereNoAddressIsOfferedTheTaskSaysSo) {
  for (const char* id : {"w1", "w2"}) {
    world_.SetCpus(id, 1);
    world_.offer(id).clear_rendezvous_address();
  }
  EXPECT_EQ(AddressOf(1), kNoMeetingPlace);
}

TEST_F(MeetingTest, RanksThatShareAFolderMeetThere) {
  for (const char* id : {"w1", "w2"}) {
    world_.SetCpus(id, 1);
    world_.offer(id).set_shares_storage(true);
  }
  EXPECT_EQ(AddressOf(1), "");
}

TEST_F(MeetingTest, AGangOfOneMeetsNobody) { EXPECT_EQ(AddressOf(0, 1), ""); }

}  // namespace
}  // namespace bonsai
