// The contract that every RecordStore keeps.
#include "coordinator/store/record_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

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
