// The contract that every RecordStore keeps.
#include "coordinator/store/record_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "coordinator/store/memory_record_store.h"
#include "coordinator/store/rocksdb_record_store.h"

namespace bonsai {
namespace {

// A store, and the store that a new process would open in its place.
class Place {
 public:
  virtual ~Place() = default;
  virtual RecordStore& store() = 0;
  virtual void Reopen() = 0;
};

class MemoryPlace : public Place {
 public:
  RecordStore& store() override { return store_; }
  void Reopen() override {}

 private:
  MemoryRecordStore store_;
};

class RocksdbPlace : public Place {
 public:
  RocksdbPlace() {
    std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
    for (char& c : test) c = c == '/' ? '_' : c;
    folder_ = testing::TempDir() + "/record_store_" + test;
    std::filesystem::remove_all(folder_);
    Reopen();
  }
  RecordStore& store() override { return *store_; }
  void Reopen() override {
    store_.reset();
    auto store = OpenRocksdbRecordStore(folder_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

 private:
  std::string folder_;
  std::unique_ptr<RecordStore> store_;
};

using MakePlace = std::unique_ptr<Place> (*)();

class RecordStoreTest : public testing::TestWithParam<MakePlace> {
 protected:
  void SetUp() override { place_ = GetParam()(); }

  Records Reload() {
    place_->Reopen();
    auto records = place_->store().Load();
    EXPECT_TRUE(records.ok()) << records.status();
    return records.ok() ? *records : Records();
  }

  std::unique_ptr<Place> place_;
};

v1::JobRecord Job(const std::string& id, v1::JobState state) {
  v1::JobRecord job;
  job.set_id(id);
  job.set_state(state);
  return job;
}

TEST_P(RecordStoreTest, IsEmptyWithCountersAtOneWhenNew) {
  Records records = Reload();
  EXPECT_EQ(records.counters, Counters());
  EXPECT_TRUE(records.pipelines.empty());
  EXPECT_TRUE(records.jobs.empty());
  EXPECT_TRUE(records.artifacts.empty());
}

TEST_P(RecordStoreTest, KeepsEveryKindOfRecordOfABatch) {
  RecordBatch batch;
  batch.counters = Counters{2, 30, 400};
  batch.pipelines.emplace_back().set_id("p1");
  batch.pipelines.back().set_request_id("request");
  batch.jobs.push_back(Job("p1/a", v1::READY));
  batch.artifacts.emplace_back().set_id(std::string(64, 'a'));
  batch.artifacts.back().set_kind("model");
  ASSERT_TRUE(place_->store().Commit(batch).ok());

  Records records = Reload();
  EXPECT_EQ(records.counters, (Counters{2, 30, 400}));
  ASSERT_EQ(records.pipelines.count("p1"), 1u);
  EXPECT_EQ(records.pipelines["p1"].request_id(), "request");
  ASSERT_EQ(records.jobs.count("p1/a"), 1u);
  EXPECT_EQ(records.jobs["p1/a"].state(), v1::READY);
  ASSERT_EQ(records.artifacts.count(std::string(64, 'a')), 1u);
  EXPECT_EQ(records.artifacts[std::string(64, 'a')].kind(), "model");
}

TEST_P(RecordStoreTest, ReplacesARecordOfTheSameId) {
  RecordBatch first;
  first.jobs = {Job("p1/a", v1::READY), Job("p1/b", v1::WAITING)};
  first.counters = Counters{5, 5, 5};
  ASSERT_TRUE(place_->store().Commit(first).ok());
  RecordBatch second;
  second.jobs = {Job("p1/a", v1::RUNNING)};
  ASSERT_TRUE(place_->store().Commit(second).ok());

  Records records = Reload();
  EXPECT_EQ(records.jobs.size(), 2u);
  EXPECT_EQ(records.jobs["p1/a"].state(), v1::RUNNING);
  EXPECT_EQ(records.jobs["p1/b"].state(), v1::WAITING);
  EXPECT_EQ(records.counters, (Counters{5, 5, 5})) << "a batch without counters leaves them";
}

TEST_P(RecordStoreTest, KeepsTheLaterOfTwoRecordsOfOneIdInABatch) {
  RecordBatch batch;
  batch.jobs = {Job("p1/a", v1::READY), Job("p1/a", v1::RUNNING)};
  ASSERT_TRUE(place_->store().Commit(batch).ok());
  EXPECT_EQ(Reload().jobs["p1/a"].state(), v1::RUNNING);
}

TEST_P(RecordStoreTest, RefusesARecordWithoutAnIdAndKeepsNothingOfItsBatch) {
  RecordBatch batch;
  batch.jobs = {Job("p1/a", v1::READY), Job("", v1::READY)};
  absl::Status status = place_->store().Commit(batch);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_TRUE(Reload().jobs.empty());
}

TEST_P(RecordStoreTest, AcceptsAnEmptyBatch) {
  EXPECT_TRUE(place_->store().Commit(RecordBatch()).ok());
  EXPECT_TRUE(Reload().jobs.empty());
}

v1::HistoryEntry Entry(const std::string& job_id, uint64_t number) {
  v1::HistoryEntry entry;
  entry.set_job_id(job_id);
  entry.set_number(number);
  entry.set_what("happened");
  return entry;
}

std::vector<uint64_t> Numbers(const absl::StatusOr<std::vector<v1::HistoryEntry>>& entries) {
  EXPECT_TRUE(entries.ok()) << entries.status();
  std::vector<uint64_t> numbers;
  if (!entries.ok()) return numbers;
  for (const v1::HistoryEntry& entry : *entries) numbers.push_back(entry.number());
  return numbers;
}

TEST_P(RecordStoreTest, KeepsWorkersAndSchedulesUntilTheyAreDropped) {
  RecordBatch batch;
  batch.workers.emplace_back().set_id("w1");
  batch.workers.back().set_cordoned(true);
  batch.schedules.emplace_back().set_name("nightly");
  batch.schedules.back().set_cron("0 3 * * *");
  ASSERT_TRUE(place_->store().Commit(batch).ok());
  Records records = Reload();
  EXPECT_TRUE(records.workers["w1"].cordoned());
  EXPECT_EQ(records.schedules["nightly"].cron(), "0 3 * * *");

  RecordBatch drop;
  drop.DropWorker("w1");
  drop.DropSchedule("nightly");
  drop.DropSchedule("never there");
  EXPECT_FALSE(drop.empty());
  ASSERT_TRUE(place_->store().Commit(drop).ok());
  records = Reload();
  EXPECT_TRUE(records.workers.empty());
  EXPECT_TRUE(records.schedules.empty());
}

TEST_P(RecordStoreTest, TheLastWordOfABatchOnAWorkerOrScheduleCounts) {
  RecordBatch batch;
  batch.workers.emplace_back().set_id("back");
  batch.DropWorker("back");
  batch.workers.emplace_back().set_id("back");
  batch.workers.emplace_back().set_id("gone");
  batch.DropWorker("gone");
  batch.schedules.emplace_back().set_name("gone");
  batch.DropSchedule("gone");
  batch.DropSchedule("back");
  batch.schedules.emplace_back().set_name("back");
  ASSERT_TRUE(place_->store().Commit(batch).ok());
  Records records = Reload();
  EXPECT_EQ(records.workers.count("back"), 1u);
  EXPECT_EQ(records.workers.count("gone"), 0u);
  EXPECT_EQ(records.schedules.count("back"), 1u);
  EXPECT_EQ(records.schedules.count("gone"), 0u);
}

TEST_P(RecordStoreTest, ReadsTheHistoryOfOneJobInOrder) {
  RecordBatch batch;
  // 256 and 255 differ in more than their last byte; "p1/a" is the start of "p1/a-2".
  for (uint64_t number : {256u, 1u, 255u, 2u}) batch.history.push_back(Entry("p1/a", number));
  batch.history.push_back(Entry("p1/a-2", 7));
  batch.history.push_back(Entry("p1/", 8));
  ASSERT_TRUE(place_->store().Commit(batch).ok());
  place_->Reopen();
  RecordStore& store = place_->store();
  EXPECT_EQ(Numbers(store.ReadHistory("p1/a", 0, 100)), (std::vector<uint64_t>{1, 2, 255, 256}));
  EXPECT_EQ(Numbers(store.ReadHistory("p1/a", 1, 2)), (std::vector<uint64_t>{2, 255}));
  EXPECT_EQ(Numbers(store.ReadHistory("p1/a", 255, 100)), (std::vector<uint64_t>{256}));
  EXPECT_EQ(Numbers(store.ReadHistory("p1/a", UINT64_MAX, 100)), std::vector<uint64_t>());
  EXPECT_EQ(Numbers(store.ReadHistory("p1/a-2", 0, 100)), (std::vector<uint64_t>{7}));
  EXPECT_EQ(Numbers(store.ReadHistory("p2/a", 0, 100)), std::vector<uint64_t>());
  EXPECT_EQ(store.ReadHistory("p1/a", 0, 1)->front().what(), "happened");
}

TEST_P(RecordStoreTest, RefusesRecordsWithoutANameOrNumber) {
  std::vector<RecordBatch> wrong(5);
  wrong[0].workers.emplace_back();
  wrong[1].schedules.emplace_back();
  wrong[2].history.push_back(Entry("", 1));
  wrong[3].history.push_back(Entry("p1/a", 0));
  wrong[4].history.push_back(Entry(std::string("p1\0a", 4), 1));
  for (RecordBatch& batch : wrong) {
    batch.jobs = {Job("p1/a", v1::READY)};
    absl::Status status = place_->store().Commit(batch);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  }
  EXPECT_TRUE(Reload().jobs.empty());
}

TEST_P(RecordStoreTest, LoadsMoreRecordsThanOneChunkInOrder) {
  RecordBatch batch;
  for (int i = 0; i < 3000; ++i) {
    batch.jobs.push_back(Job("p1/" + std::to_string(i), v1::WAITING));
    batch.jobs.back().set_reason(std::string(500, static_cast<char>('a' + i % 26)));
  }
  ASSERT_TRUE(place_->store().Commit(batch).ok());
  Records records = Reload();
  ASSERT_EQ(records.jobs.size(), 3000u);
  for (const v1::JobRecord& job : batch.jobs) {
    ASSERT_EQ(records.jobs[job.id()].SerializeAsString(), job.SerializeAsString());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Stores, RecordStoreTest,
    testing::Values(MakePlace([]() -> std::unique_ptr<Place> { return std::make_unique<MemoryPlace>(); }),
                    MakePlace([]() -> std::unique_ptr<Place> { return std::make_unique<RocksdbPlace>(); })),
    [](const testing::TestParamInfo<MakePlace>& info) { return info.index == 0 ? "Memory" : "Rocksdb"; });

TEST(MemoryRecordStoreTest, FailsOnceWithOrWithoutKeepingTheBatch) {
  MemoryRecordStore store;
  RecordBatch batch;
  batch.jobs = {Job("p1/a", v1::READY)};
  store.FailNextCommit(MemoryRecordStore::Fault::kNothingKept);
  EXPECT_EQ(store.Commit(batch).code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(store.records().jobs.empty());
  store.FailNextCommit(MemoryRecordStore::Fault::kAllKept);
  EXPECT_EQ(store.Commit(batch).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(store.records().jobs.size(), 1u);
  batch.jobs = {Job("p1/b", v1::READY)};
  EXPECT_TRUE(store.Commit(batch).ok());
  EXPECT_EQ(store.commits(), 2);
}

}  // namespace
}  // namespace bonsai
