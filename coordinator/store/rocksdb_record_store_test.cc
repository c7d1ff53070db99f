// What only the RocksDB store can get wrong: folders, locks, damage, versions.
#include "coordinator/store/rocksdb_record_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "coordinator/store/keys.h"

namespace bonsai {
namespace {

using testing::HasSubstr;

class RocksdbRecordStoreTest : public testing::Test {
 protected:
  RocksdbRecordStoreTest()
      : folder_(testing::TempDir() + "/rocksdb_" +
                testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
  }

  // Writes one value behind the store's back.
  void Damage(const std::string& family, const std::string& key, const std::string& value) {
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), folder_, &names).ok());
    for (const auto& name : names) descriptors.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(rocksdb::DBOptions(), folder_, descriptors, &handles, &db).ok());
    for (auto* handle : handles) {
      if (handle->GetName() == family) {
        ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), handle, key, value).ok());
      }
      db->DestroyColumnFamilyHandle(handle);
    }
    delete db;
  }

  void MakeStore() {
    auto store = OpenRocksdbRecordStore(folder_);
    ASSERT_TRUE(store.ok()) << store.status();
    RecordBatch batch;
    batch.counters = Counters{2, 2, 1};
    batch.jobs.emplace_back().set_id("p1/a");
    ASSERT_TRUE((*store)->Commit(batch).ok());
  }

  const std::string folder_;
};

TEST_F(RocksdbRecordStoreTest, RefusesAFolderThatIsOpenElsewhere) {
  auto first = OpenRocksdbRecordStore(folder_);
  ASSERT_TRUE(first.ok()) << first.status();
  absl::Status status = OpenRocksdbRecordStore(folder_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(folder_));
  EXPECT_THAT(std::string(status.message()), HasSubstr("another process"));
}

TEST_F(RocksdbRecordStoreTest, NamesTheKeyOfAValueThatDoesNotParse) {
  MakeStore();
  Damage(store_keys::kJobs, "p1/a", "\xff\xff\xff");
  auto store = OpenRocksdbRecordStore(folder_);
  ASSERT_TRUE(store.ok()) << store.status();
  absl::Status status = (*store)->Load().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("jobs key \"p1/a\""));
  EXPECT_THAT(std::string(status.message()), HasSubstr(folder_));
}

TEST_F(RocksdbRecordStoreTest, NamesAKeyThatHoldsAnotherRecord) {
  MakeStore();
  v1::JobRecord other;
  other.set_id("p1/b");
  Damage(store_keys::kJobs, "p1/a", other.SerializeAsString());
  absl::Status status = (*OpenRocksdbRecordStore(folder_))->Load().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("key \"p1/a\" is the record of \"p1/b\""));
}

TEST_F(RocksdbRecordStoreTest, RefusesCountersThatAreNotNumbers) {
  for (const char* value : {"", "1 2", "1 2 3 4", "1 2 x", "1 -2 3", " 1 2 3"}) {
    EXPECT_EQ(store_keys::ParseCountersValue(value).status().code(), absl::StatusCode::kDataLoss) << value;
  }
  MakeStore();
  Damage(store_keys::kMeta, store_keys::kCountersKey, "1 2");
  absl::Status status = (*OpenRocksdbRecordStore(folder_))->Load().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("\"counters\""));
}

TEST_F(RocksdbRecordStoreTest, RefusesANewerFormat) {
  MakeStore();
  Damage(store_keys::kMeta, store_keys::kFormatVersionKey, "3");
  absl::Status status = OpenRocksdbRecordStore(folder_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("newer Bonsai (format 3"));
}

// A database as format 1 left it: without the newer column families, without tenants.
void MakeFormat1(const std::string& folder) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, folder, &db).ok());
  std::map<std::string, rocksdb::ColumnFamilyHandle*> families;
  for (const char* name :
       {store_keys::kPipelines, store_keys::kJobs, store_keys::kArtifacts, store_keys::kMeta}) {
    ASSERT_TRUE(db->CreateColumnFamily(options, name, &families[name]).ok());
  }
  v1::PipelineRecord pipeline;
  pipeline.set_id("p1");
  pipeline.set_request_id("request");
  v1::JobRecord job;
  job.set_id("p1/a");
  job.set_state(v1::DONE);
  v1::ArtifactRecord artifact;
  artifact.set_id(std::string(64, 'a'));
  const rocksdb::WriteOptions write;
  ASSERT_TRUE(db->Put(write, families["pipelines"], "p1", pipeline.SerializeAsString()).ok());
  ASSERT_TRUE(db->Put(write, families["jobs"], "p1/a", job.SerializeAsString()).ok());
  ASSERT_TRUE(db->Put(write, families["artifacts"], artifact.id(), artifact.SerializeAsString()).ok());
  ASSERT_TRUE(db->Put(write, families["meta"], "counters", "2 2 2").ok());
  ASSERT_TRUE(db->Put(write, families["meta"], "format_version", "1").ok());
  for (const auto& [name, family] : families) db->DestroyColumnFamilyHandle(family);
  delete db;
}

TEST_F(RocksdbRecordStoreTest, UpgradesADatabaseOfFormat1) {
  MakeFormat1(folder_);
  for (int times = 0; times < 2; ++times) {
    auto store = OpenRocksdbRecordStore(folder_);
    ASSERT_TRUE(store.ok()) << store.status();
    auto records = (*store)->Load();
    ASSERT_TRUE(records.ok()) << records.status();
    EXPECT_EQ(records->counters, (Counters{2, 2, 2}));
    EXPECT_EQ(records->pipelines["p1"].request_id(), "request");
    EXPECT_EQ(records->pipelines["p1"].tenant(), "default");
    EXPECT_EQ(records->jobs["p1/a"].state(), v1::DONE);
    EXPECT_EQ(records->jobs["p1/a"].tenant(), "default");
    EXPECT_EQ(records->jobs["p1/a"].queue(), "default");
    EXPECT_EQ(records->artifacts[std::string(64, 'a')].tenant(), "default");
    RecordBatch batch;
    batch.schedules.emplace_back().set_name("nightly");
    EXPECT_TRUE((*store)->Commit(batch).ok());
  }
  std::vector<std::string> names;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), folder_, &names).ok());
  EXPECT_THAT(names, testing::IsSupersetOf({"history", "workers", "schedules"}));
}

TEST_F(RocksdbRecordStoreTest, LeavesAnOldDatabaseThatIsDamagedInItsFormat) {
  MakeFormat1(folder_);
  Damage(store_keys::kJobs, "p1/a", "\xff\xff\xff");
  absl::Status status = OpenRocksdbRecordStore(folder_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  v1::JobRecord job;
  job.set_id("p1/a");
  Damage(store_keys::kJobs, "p1/a", job.SerializeAsString());
  auto store = OpenRocksdbRecordStore(folder_);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->Load()->jobs["p1/a"].tenant(), "default");
}

TEST_F(RocksdbRecordStoreTest, TellsAHistoryEntryThatIsNotItsKeys) {
  MakeStore();
  v1::HistoryEntry other;
  other.set_job_id("p1/a");
  other.set_number(2);
  Damage(store_keys::kHistory, store_keys::HistoryKey("p1/a", 1), other.SerializeAsString());
  absl::Status status = (*OpenRocksdbRecordStore(folder_))->ReadHistory("p1/a", 0, 10).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("p1/a"));
}

TEST_F(RocksdbRecordStoreTest, RefusesADatabaseWithoutAFormatVersion) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, folder_, &db).ok());
  ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), "somebody", "else's").ok());
  delete db;
  absl::Status status = OpenRocksdbRecordStore(folder_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("another program"));
}

TEST_F(RocksdbRecordStoreTest, TellsADamagedDatabase) {
  MakeStore();
  std::ofstream(folder_ + "/CURRENT") << "nonsense\n";
  absl::Status status = OpenRocksdbRecordStore(folder_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(folder_));
  EXPECT_THAT(std::string(status.message()), HasSubstr("backup"));
}

TEST_F(RocksdbRecordStoreTest, RefusesAFileInPlaceOfAFolder) {
  std::ofstream(folder_) << "a file";
  absl::Status status = OpenRocksdbRecordStore(folder_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("not a folder"));
}

TEST_F(RocksdbRecordStoreTest, RefusesAFolderWhoseParentIsMissing) {
  absl::Status status = OpenRocksdbRecordStore(folder_ + "/no/such").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
}

// A torn tail of the log was never acknowledged: what came before it stays.
TEST_F(RocksdbRecordStoreTest, KeepsWhatWasCommittedBeforeATornWrite) {
  MakeStore();
  std::filesystem::path log;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    if (entry.path().extension() == ".log" && (log.empty() || entry.path() > log)) log = entry.path();
  }
  ASSERT_FALSE(log.empty());
  std::ofstream(log, std::ios::app | std::ios::binary) << std::string("\x12\x34\x56\x78\x40", 5);
  auto store = OpenRocksdbRecordStore(folder_);
  ASSERT_TRUE(store.ok()) << store.status();
  auto records = (*store)->Load();
  ASSERT_TRUE(records.ok()) << records.status();
  EXPECT_EQ(records->jobs.count("p1/a"), 1u);
}

}  // namespace
}  // namespace bonsai
