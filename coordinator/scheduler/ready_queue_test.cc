#include "coordinator/scheduler/ready_queue.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace bonsai {
namespace {

class ReadyQueueTest : public testing::Test {
 protected:
  void AddJob(const std::string& id, const std::string& resources) {
    v1::JobRecord record;
    record.set_id(id);
    record.set_sequence(++sequence_);
    EXPECT_TRUE(
        google::protobuf::TextFormat::ParseFromString(resources, record.mutable_spec()->mutable_resources()));
    record.mutable_spec()->mutable_pretrain();
    jobs_.Add(record, start_);
  }
  void AddWorker(const std::string& id, uint32_t cpus, uint32_t free) {
    v1::WorkerOffer offer;
    offer.add_kinds("pretrain");
    offer.set_memory_bytes(uint64_t{64} << 30);
    offer.set_cpus(cpus);
    rooms_.whole.push_back(RoomOf(id, offer));
    offer.set_cpus(free);
    rooms_.free.push_back(RoomOf(id, offer));
  }
  std::string Picked(absl::Duration waited) {
    std::string text;
    for (const Start& start : PickStarts(jobs_, rooms_, start_ + waited, absl::Seconds(60))) {
      text += start.job_id + "@" + start.placements[0].worker_id() + " ";
    }
    return text;
  }

  const absl::Time start_ = absl::FromUnixSeconds(1000);
  uint64_t sequence_ = 0;
  JobTable jobs_;
  Rooms rooms_;
};

TEST_F(ReadyQueueTest, StartsInTheOrderOfSubmission) {
  AddWorker("w", 2, 2);
  for (const char* id : {"c", "b", "a"}) AddJob(id, "");
  EXPECT_EQ(Picked(absl::ZeroDuration()), "c@w b@w ");
}

TEST_F(ReadyQueueTest, KeepsOnlyTheWorkersThatTheOldestNeeds) {
  AddWorker("v", 4, 1);
  AddWorker("w", 1, 1);
  AddJob("big", "cpus: 4");
  AddJob("small1", "");
  AddJob("small2", "");
  EXPECT_EQ(Picked(absl::Seconds(59)), "small1@v small2@w ");
  EXPECT_EQ(Picked(absl::Seconds(60)), "small1@w ");
}

TEST_F(ReadyQueueTest, KeepsNothingForAJobThatNoWorkerCanRun) {
  AddWorker("w", 2, 1);
  AddJob("impossible", "cpus: 3");
  AddJob("small", "");
  EXPECT_EQ(Picked(absl::Hours(1)), "small@w ");
}

TEST_F(ReadyQueueTest, KeepsRoomForOneJobAtATime) {
  AddWorker("v", 2, 1);
  AddWorker("w", 2, 1);
  AddJob("big1", "cpus: 2");
  AddJob("big2", "cpus: 2");
  AddJob("small", "");
  EXPECT_EQ(Picked(absl::Hours(1)), "small@w ");
}

}  // namespace
}  // namespace bonsai
