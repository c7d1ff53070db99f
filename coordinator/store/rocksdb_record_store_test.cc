// What only the RocksDB store can get wrong: folders, locks, damage, versions.
#include "coordinator/store/rocksdb_record_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <fstream>
#include <string>

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
  Damage(store_keys::kMeta, store_keys::kFormatVersionKey, "2");
  absl::Status status = OpenRocksdbRecordStore(folder_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("newer Bonsai (format 2"));
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
