// Holds a folder for this process alone, until it ends in whatever way.
//
// Called by LocalCluster.
#ifndef BONSAI_CLIENT_CLUSTER_FOLDER_LOCK_H_
#define BONSAI_CLIENT_CLUSTER_FOLDER_LOCK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace bonsai {

class FolderLock {
 public:
  // Locks DIR/lock. FailedPrecondition, with the holder's process id, if another process holds it.
  static absl::StatusOr<std::unique_ptr<FolderLock>> Take(const std::string& dir);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int fd) : fd_(fd) {}

  const int fd_;
};

}  // namespace bonsai

#endif  // BONSAI_CLIENT_CLUSTER_FOLDER_LOCK_H_
