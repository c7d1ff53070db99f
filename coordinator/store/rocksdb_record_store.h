// The RecordStore of a running coordinator: one RocksDB database in a folder of its own. A batch is one
// synced write, so that "the job is done" and "its artifact exists" are kept together.
//
// One thread at a time, but for ReadHistory.
#ifndef BONSAI_COORDINATOR_STORE_ROCKSDB_RECORD_STORE_H_
#define BONSAI_COORDINATOR_STORE_ROCKSDB_RECORD_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "coordinator/store/record_store.h"

namespace bonsai {

// Opens the database in `folder`; makes it, and the folder, where they are not there. Its parent must exist.
// One that an older Bonsai wrote is upgraded (format_upgrade.h).
// Errors name the folder and what to do: FailedPrecondition (another process has it open; a newer Bonsai
// wrote it), DataLoss (it is damaged), PermissionDenied, NotFound (no parent folder), ResourceExhausted (the
// disk is full), Unavailable (any other error of the device).
absl::StatusOr<std::unique_ptr<RecordStore>> OpenRocksdbRecordStore(const std::string& folder);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_STORE_ROCKSDB_RECORD_STORE_H_
