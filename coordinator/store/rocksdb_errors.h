// What RocksDB's failures mean for whoever has to mend them.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_STORE_ROCKSDB_ERRORS_H_
#define BONSAI_COORDINATOR_STORE_ROCKSDB_ERRORS_H_

#include <rocksdb/status.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace bonsai {

// FailedPrecondition: a newer Bonsai wrote the database; `what` says how that shows.
absl::Status NewerFormat(const std::string& folder, absl::string_view what);

// DataLoss.
absl::Status Damaged(const std::string& folder, absl::string_view what);

// The errors of OpenRocksdbRecordStore.
absl::Status FromRocksdb(const rocksdb::Status& status, const std::string& folder);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_STORE_ROCKSDB_ERRORS_H_
