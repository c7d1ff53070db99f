#include "coordinator/store/rocksdb_record_store.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "coordinator/store/acknowledged_note.h"
#include "coordinator/store/column_family_loading.h"
#include "coordinator/store/format_upgrade.h"
#include "coordinator/store/keys.h"
#include "coordinator/store/rocksdb_errors.h"

namespace bonsai {
namespace {

using ColumnFamilies = std::map<std::string, rocksdb::ColumnFamilyHandle*>;

rocksdb::Options DatabaseOptions() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // A torn last record was never acknowledged; damage anywhere else is to be told, not skipped.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.compression = rocksdb::kNoCompression;
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.keep_log_file_num = 3;
  options.max_open_files = 64;
  // The log is what a start has to replay: a long one costs more there than the writes that keep it short.
  options.write_buffer_size = 8 << 20;
  options.max_total_wal_size = 16 << 20;
  return options;
}

class RocksdbRecordStore : public RecordStore {
 public:
  RocksdbRecordStore(std::string folder, std::unique_ptr<rocksdb::DB> db, ColumnFamilies families)
      : folder_(std::move(folder)), db_(std::move(db)), families_(std::move(families)) {}

  ~RocksdbRecordStore() override {
    for (const auto& [name, family] : families_) db_->DestroyColumnFamilyHandle(family);
    db_->Close();
  }

  // Checks that no acknowledged write is lost. Called first.
  absl::Status CheckSequence();
  // Writes the format version into a new database; checks it in an old one, and upgrades that.
  absl::Status CheckFormat();

  absl::StatusOr<Records> Load() override;
  absl::Status Commit(const RecordBatch& batch) override;
  absl::StatusOr<std::vector<v1::HistoryEntry>> ReadHistory(absl::string_view job_id, uint64_t after,
                                                            size_t limit) override;

 private:
  rocksdb::ColumnFamilyHandle* Family(const char* name) const { return families_.at(name); }
  // The meta value, or "" if there is none.
  absl::StatusOr<std::string> ReadMeta(const char* key);
  bool HoldsRecords();
  absl::Status Write(rocksdb::WriteBatch& batch);
  template <typename Record>
  absl::Status PutAll(const char* family, const std::vector<Record>& records, rocksdb::WriteBatch& batch);
  absl::Status DropAll(const char* family, const std::vector<std::string>& keys, rocksdb::WriteBatch& batch);

  const std::string folder_;
  const std::unique_ptr<rocksdb::DB> db_;
  const ColumnFamilies families_;
  std::unique_ptr<AcknowledgedNote> note_;
};

absl::StatusOr<std::string> RocksdbRecordStore::ReadMeta(const char* key) {
  std::string value;
  rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), Family(store_keys::kMeta), key, &value);
  if (status.IsNotFound()) return std::string();
  if (!status.ok()) return FromRocksdb(status, folder_);
  return value;
}

bool RocksdbRecordStore::HoldsRecords() {
  for (const auto& [name, family] : families_) {
    std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions(), family));
    it->SeekToFirst();
    if (it->Valid()) return true;
  }
  return false;
}

absl::Status RocksdbRecordStore::CheckSequence() {
  absl::StatusOr<std::unique_ptr<AcknowledgedNote>> note =
      AcknowledgedNote::Open(folder_, db_->GetLatestSequenceNumber());
  if (!note.ok()) return note.status();
  note_ = *std::move(note);
  return absl::OkStatus();
}

absl::Status RocksdbRecordStore::CheckFormat() {
  absl::StatusOr<std::string> value = ReadMeta(store_keys::kFormatVersionKey);
  if (!value.ok()) return value.status();
  if (value->empty()) {
    if (HoldsRecords())
      return Damaged(folder_, "it holds records but no format_version; is it another program's?");
    rocksdb::WriteBatch batch;
    batch.Put(Family(store_keys::kMeta), store_keys::kFormatVersionKey,
              absl::StrCat(store_keys::kFormatVersion));
    return Write(batch);
  }
  int version = 0;
  if (!absl::SimpleAtoi(*value, &version) || version < 1) {
    return Damaged(folder_, absl::StrCat("meta key \"format_version\" holds \"", *value, "\""));
  }
  if (version > store_keys::kFormatVersion) return NewerFormat(folder_, absl::StrCat("format ", version));
  if (version == 1) return UpgradeFormat1(*db_, families_, folder_);
  return absl::OkStatus();
}

absl::StatusOr<Records> RocksdbRecordStore::Load() {
  Records records;
  absl::StatusOr<std::string> value = ReadMeta(store_keys::kCountersKey);
  if (!value.ok()) return value.status();
  if (!value->empty()) {
    absl::StatusOr<Counters> counters = store_keys::ParseCountersValue(*value);
    if (!counters.ok()) {
      return Damaged(folder_, absl::StrCat("meta key \"counters\" holds \"", *value,
                                           "\": ", counters.status().message()));
    }
    records.counters = *counters;
  }
  absl::Status status = LoadColumnFamily(*db_, Family(store_keys::kPipelines), folder_, records.pipelines);
  if (status.ok()) status = LoadColumnFamily(*db_, Family(store_keys::kJobs), folder_, records.jobs);
  if (status.ok())
    status = LoadColumnFamily(*db_, Family(store_keys::kArtifacts), folder_, records.artifacts);
  if (status.ok()) status = LoadColumnFamily(*db_, Family(store_keys::kWorkers), folder_, records.workers);
  if (status.ok())
    status = LoadColumnFamily(*db_, Family(store_keys::kSchedules), folder_, records.schedules);
  if (!status.ok()) return status;
  return records;
}

template <typename Record>
absl::Status RocksdbRecordStore::PutAll(const char* family, const std::vector<Record>& records,
                                        rocksdb::WriteBatch& batch) {
  for (const Record& record : records) {
    rocksdb::Status status = batch.Put(Family(family), KeyOf(record), record.SerializeAsString());
    if (!status.ok()) return FromRocksdb(status, folder_);
  }
  return absl::OkStatus();
}

absl::Status RocksdbRecordStore::DropAll(const char* family, const std::vector<std::string>& keys,
                                         rocksdb::WriteBatch& batch) {
  for (const std::string& key : keys) {
    rocksdb::Status status = batch.Delete(Family(family), key);
    if (!status.ok()) return FromRocksdb(status, folder_);
  }
  return absl::OkStatus();
}

absl::Status RocksdbRecordStore::Commit(const RecordBatch& batch) {
  if (absl::Status status = CheckRecordBatch(batch); !status.ok()) return status;
  if (batch.empty()) return absl::OkStatus();
  rocksdb::WriteBatch writes;
  absl::Status status = PutAll(store_keys::kPipelines, batch.pipelines, writes);
  if (status.ok()) status = PutAll(store_keys::kJobs, batch.jobs, writes);
  if (status.ok()) status = PutAll(store_keys::kArtifacts, batch.artifacts, writes);
  if (status.ok()) status = PutAll(store_keys::kHistory, batch.history, writes);
  if (status.ok()) status = DropAll(store_keys::kWorkers, batch.dropped_workers, writes);
  if (status.ok()) status = PutAll(store_keys::kWorkers, batch.workers, writes);
  if (status.ok()) status = DropAll(store_keys::kSchedules, batch.dropped_schedules, writes);
  if (status.ok()) status = PutAll(store_keys::kSchedules, batch.schedules, writes);
  if (!status.ok()) return status;
  if (batch.counters) {
    writes.Put(Family(store_keys::kMeta), store_keys::kCountersKey,
               store_keys::CountersValue(*batch.counters));
  }
  return Write(writes);
}

absl::StatusOr<std::vector<v1::HistoryEntry>> RocksdbRecordStore::ReadHistory(absl::string_view job_id,
                                                                              uint64_t after, size_t limit) {
  std::vector<v1::HistoryEntry> entries;
  const std::string prefix = store_keys::HistoryKey(job_id, 0).substr(0, job_id.size() + 1);
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, Family(store_keys::kHistory)));
  it->Seek(store_keys::HistoryKey(job_id, after));
  for (; it->Valid() && it->key().starts_with(prefix) && entries.size() < limit; it->Next()) {
    v1::HistoryEntry entry;
    const bool parsed = entry.ParseFromArray(it->value().data(), static_cast<int>(it->value().size()));
    if (!parsed || KeyOf(entry) != it->key().ToStringView()) {
      return Damaged(folder_,
                     absl::StrCat("the value of a history key of \"", job_id, "\" is not its entry"));
    }
    if (entry.number() > after) entries.push_back(std::move(entry));
  }
  if (!it->status().ok()) return FromRocksdb(it->status(), folder_);
  return entries;
}

absl::Status RocksdbRecordStore::Write(rocksdb::WriteBatch& batch) {
  rocksdb::WriteOptions options;
  options.sync = true;
  if (rocksdb::Status status = db_->Write(options, &batch); !status.ok()) return FromRocksdb(status, folder_);
  return note_->Raise(db_->GetLatestSequenceNumber());
}

// Column families that this version does not know are a newer version's.
absl::Status CheckColumnFamilies(const std::string& folder, const std::vector<std::string>& known) {
  std::vector<std::string> present;
  // Fails where there is no database yet; Open tells every other failure better.
  if (!rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), folder, &present).ok()) return absl::OkStatus();
  for (const std::string& name : present) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return NewerFormat(folder, absl::StrCat("it has a column family \"", name, "\""));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<RecordStore>> OpenRocksdbRecordStore(const std::string& folder) {
  const std::vector<std::string> names = {rocksdb::kDefaultColumnFamilyName,
                                          store_keys::kPipelines,
                                          store_keys::kJobs,
                                          store_keys::kArtifacts,
                                          store_keys::kHistory,
                                          store_keys::kWorkers,
                                          store_keys::kSchedules,
                                          store_keys::kMeta};
  if (absl::Status status = CheckColumnFamilies(folder, names); !status.ok()) return status;
  if (absl::Status whole = AcknowledgedNote::CheckTables(folder); !whole.ok()) return whole;
  const rocksdb::Options options = DatabaseOptions();
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) descriptors.emplace_back(name, rocksdb::ColumnFamilyOptions(options));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(rocksdb::DBOptions(options), folder, descriptors, &handles, &db);
  if (!status.ok()) return FromRocksdb(status, folder);
  ColumnFamilies families;
  for (size_t i = 0; i < names.size(); ++i) families[names[i]] = handles[i];
  auto store =
      std::make_unique<RocksdbRecordStore>(folder, std::unique_ptr<rocksdb::DB>(db), std::move(families));
  if (absl::Status whole = store->CheckSequence(); !whole.ok()) return whole;
  if (absl::Status checked = store->CheckFormat(); !checked.ok()) return checked;
  return store;
}

}  // namespace bonsai
