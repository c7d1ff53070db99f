#include "coordinator/store/format_upgrade.h"

#include <rocksdb/write_batch.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "bonsai/v1/job.pb.h"
#include "coordinator/store/column_family_loading.h"
#include "coordinator/store/keys.h"
#include "coordinator/store/rocksdb_errors.h"

namespace bonsai {
namespace {

constexpr char kTenant[] = "default";
constexpr char kQueue[] = "default";

void Fill(v1::PipelineRecord& record) {
  record.set_tenant(kTenant);
  record.set_queue(kQueue);
}
void Fill(v1::JobRecord& record) {
  record.set_tenant(kTenant);
  record.set_queue(kQueue);
}
void Fill(v1::ArtifactRecord& record) { record.set_tenant(kTenant); }

// Rewrites the column family, a bounded number of records at a time.
template <typename Record>
absl::Status Rewrite(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* family, const std::string& folder) {
  return LoadColumnFamily<Record>(db, family, folder, [&](std::vector<Record> records) {
    rocksdb::WriteBatch batch;
    for (Record& record : records) {
      Fill(record);
      rocksdb::Status put = batch.Put(family, record.id(), record.SerializeAsString());
      if (!put.ok()) return FromRocksdb(put, folder);
    }
    return FromRocksdb(db.Write(rocksdb::WriteOptions(), &batch), folder);
  });
}

}  // namespace

absl::Status UpgradeFormat1(rocksdb::DB& db,
                            const std::map<std::string, rocksdb::ColumnFamilyHandle*>& families,
                            const std::string& folder) {
  absl::Status status = Rewrite<v1::PipelineRecord>(db, families.at(store_keys::kPipelines), folder);
  if (status.ok()) status = Rewrite<v1::JobRecord>(db, families.at(store_keys::kJobs), folder);
  if (status.ok()) status = Rewrite<v1::ArtifactRecord>(db, families.at(store_keys::kArtifacts), folder);
  if (!status.ok()) return status;
  // A synced write makes all that went before it in the log durable too.
  rocksdb::WriteOptions synced;
  synced.sync = true;
  return FromRocksdb(db.Put(synced, families.at(store_keys::kMeta), store_keys::kFormatVersionKey,
                            absl::StrCat(store_keys::kFormatVersion)),
                     folder);
}

}  // namespace bonsai
