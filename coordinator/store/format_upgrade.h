// Brings a database that an older Bonsai wrote to the format of keys.h. Called once, when it is opened.
//
// Single-threaded.
#ifndef BONSAI_COORDINATOR_STORE_FORMAT_UPGRADE_H_
#define BONSAI_COORDINATOR_STORE_FORMAT_UPGRADE_H_

#include <rocksdb/db.h>

#include <map>
#include <string>

#include "absl/status/status.h"

namespace bonsai {

// From format 1, which knew no tenants and queues, to 2: what there is becomes the tenant "default"'s, in the
// queue "default". The new version number is written last, with a sync; an upgrade that was cut off before is
// begun again. DataLoss where a record cannot be read.
absl::Status UpgradeFormat1(rocksdb::DB& db,
                            const std::map<std::string, rocksdb::ColumnFamilyHandle*>& families,
                            const std::string& folder);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_STORE_FORMAT_UPGRADE_H_
