// A lock on a store's folder between processes. Writers hold it shared while they store or renew a blob; who
// removes one holds it alone. It is flock's, so that it ends with its process, however that ends.
//
// A StoreLock belongs to one thread; each is a lock of its own, also within one process.
#ifndef BONSAI_STORAGE_STORE_LOCK_H_
#define BONSAI_STORAGE_STORE_LOCK_H_

#include <string>

#include "absl/status/statusor.h"

namespace bonsai {

class StoreLock {
 public:
  enum Mode { kShared, kAlone };

  // Waits for the lock on the file at `path`, which is made if it is not there. Where the file system cannot
  // lock, a shared lock is had without it (all that a writer then has is its blobs' age), and kAlone is
  // FailedPrecondition.
  static absl::StatusOr<StoreLock> Take(const std::string& path, Mode mode);
  ~StoreLock();
  StoreLock(StoreLock&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  StoreLock& operator=(StoreLock&&) = delete;

 private:
  explicit StoreLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace bonsai

#endif  // BONSAI_STORAGE_STORE_LOCK_H_
