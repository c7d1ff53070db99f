// Reads a blob whole without getting in others' way, and says whether it is sound.
//
// Called where many blobs are verified one after another. Functions without state.
#ifndef BONSAI_STORAGE_VERIFICATION_H_
#define BONSAI_STORAGE_VERIFICATION_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "storage/blob_store.h"

namespace bonsai {

// As BlobStore::Verify, a piece at a time: `pace` is called after each with how long it took to read, may
// wait, and ends the reading with what it returns unless that is OK.
absl::Status VerifySlowly(BlobStore& store, const v1::Blob& blob,
                          const std::function<absl::Status(absl::Duration)>& pace);

// The calling thread's I/O waits for everybody else's while this lives. Without effect where the kernel
// cannot.
class IdleInput {
 public:
  IdleInput();
  ~IdleInput();
  IdleInput(const IdleInput&) = delete;
  IdleInput& operator=(const IdleInput&) = delete;

 private:
  int before_;
};

}  // namespace bonsai

#endif  // BONSAI_STORAGE_VERIFICATION_H_
