// Brings what is known of storage (references, lineage) up to date with what is to be kept: the manifests of
// the roots, all that they were made from, and every blob that these name. Manifests never change, so each is
// read once in a ledger's life.
//
// Called by the coordinator before it collects, verifies or counts. Functions without state; a StorageIndex
// belongs to one thread at a time.
#ifndef BONSAI_STORAGE_MARK_H_
#define BONSAI_STORAGE_MARK_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "storage/collectable_store.h"
#include "storage/lineage_index.h"
#include "storage/reference_ledger.h"

namespace bonsai {

struct StorageIndex {
  ReferenceLedger references;
  LineageIndex lineage;
};

// An artifact or checkpoint that a record names.
struct StorageRoot {
  std::string id;
  std::string tenant;  // whom its files count for; empty: nobody
};

// A manifest whose blobs are not known, since it is missing or damaged.
struct UnreadManifest {
  std::string id;
  absl::Status status;
};

// Adds what the roots name, directly or through lineage, and removes what they do not. Returns the manifests
// that could not be read. An ancestor that is not here at all is no such: what was imported may have come
// without it.
std::vector<UnreadManifest> Mark(BlobStore& store, const std::vector<StorageRoot>& roots,
                                 StorageIndex& index);

}  // namespace bonsai

#endif  // BONSAI_STORAGE_MARK_H_
