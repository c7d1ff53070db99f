// The collection of garbage: removes blobs that nothing names and that nobody has stored or renewed for a
// while.
//
// Why no record ever names a blob that was removed, whatever writers in other processes do meanwhile:
//   1. Put, PutFile and Renew end by setting the blob's time to the file system's now, under the store's
//      lock held shared. RemoveIfUnused reads that time and removes the blob under the lock held alone. So
//      a pass whose cutoff (its start minus the age, by the file system's clock) is not later than a blob's
//      last renewal cannot remove it.
//   2. A pass reads the clock first and learns what is named after that. A record that was committed before
//      is counted in; so only one that is committed after the pass began could be hurt.
//   3. Who writes an artifact stores its blobs, and PutManifest renews them all. Who accepts one (the
//      coordinator, ArtifactCheck and PutArtifact) renews its manifest and all blobs before the record is
//      committed, and commits well within the age. A blob that went between two of these steps makes the
//      next one fail with NotFound: the artifact is refused, and no record comes to be. So if a record is
//      committed after the pass began, its blobs were renewed less than an age before, which is later than
//      the cutoff: by 1 the pass does not remove them.
//   4. A crash at any point leaves each blob whole or gone. The order of removal does not matter: a manifest
//      that is still there without its blobs is named by no record, and becomes none by 3.
//   5. A worker that the coordinator has not heard since it started may hold an artifact that is older than
//      the age. The coordinator collects nothing until each live attempt was reported (one lease), and a
//      report renews.
// The file system's clock must not jump forward by the age while an artifact is being published.
//
// Called by the coordinator. Any number of writers, and also several collectors, may run at the same time.
#ifndef BONSAI_STORAGE_COLLECTION_H_
#define BONSAI_STORAGE_COLLECTION_H_

#include <functional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"
#include "storage/collectable_store.h"

namespace bonsai {

struct CollectionOptions {
  absl::Duration age = absl::Hours(1);  // blobs renewed within it stay
  bool dry_run = false;
  absl::Duration pause = absl::Milliseconds(1);  // after each removal, so that others get at the disk
  // Asked before each blob; true: ends with Cancelled, and what is gone is gone.
  std::function<bool()> stop = {};
};

// Whether something names the blob now.
using IsNamed = std::function<bool(absl::string_view sha256)>;

// One pass. `mark` is called once the clock was read: from then on its answer tells what is named, by that
// time or later; an error ends the pass before anything is removed.
absl::StatusOr<v1::CollectGarbageResponse> CollectGarbage(
    CollectableStore& store, const std::function<absl::StatusOr<IsNamed>()>& mark,
    const CollectionOptions& options);

}  // namespace bonsai

#endif  // BONSAI_STORAGE_COLLECTION_H_
