// Blobs on their way into a store, in pieces: each is a file in a folder of its own, named by the digest that
// it is to have, until all of it is there and has that digest. A transfer that breaks off leaves its file,
// and the next one goes on where it stopped.
//
// Used by the coordinator for uploads and by workers for downloads. One process has the folder. Safe from any
// thread; an Incoming belongs to one thread at a time, and there is at most one for each blob.
#ifndef BONSAI_STORAGE_PARTIAL_BLOBS_H_
#define BONSAI_STORAGE_PARTIAL_BLOBS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bonsai/v1/artifact.pb.h"
#include "storage/blob_store.h"
#include "storage/digest.h"

namespace bonsai {

class PartialBlobs {
 public:
  struct Options {
    size_t files_max = 1024;                   // that are kept; the oldest go first
    uint64_t bytes_max = uint64_t{256} << 30;  // of all that are kept or under way
    absl::Duration expiry = absl::Hours(1);    // since the last piece
    std::function<absl::Time()> clock = {};    // of files' ages; absl::Now if empty
  };

  class Incoming {
   public:
    ~Incoming();
    Incoming(const Incoming&) = delete;
    Incoming& operator=(const Incoming&) = delete;

    // The next piece, which must begin where the last one ended. OutOfRange: it does not, and where it
    // should; DataLoss: its CRC-32C is another; InvalidArgument: beyond the blob's size, or longer than
    // kPieceBytesMax; ResourceExhausted: the disk is full, or bytes_max is reached. What came before stays.
    absl::Status Append(uint64_t offset, absl::string_view data, uint32_t crc32c);
    // All is there: stores it. OutOfRange: it is not, and what is missing; DataLoss: the bytes have another
    // SHA-256 (they are dropped); else as BlobStore::PutFile.
    absl::Status Finish();

    uint64_t received_bytes() const { return received_; }

   private:
    friend class PartialBlobs;
    Incoming(PartialBlobs* parent, v1::Blob blob, std::string path, int fd);
    absl::Status Resume(uint64_t offset);

    PartialBlobs* const parent_;
    const v1::Blob blob_;
    const std::string path_;
    const int fd_;
    uint64_t received_ = 0;
    uint64_t held_ = 0;  // what the file takes
    bool done_ = false;  // the file is to go
    Sha256 digest_;
  };

  // Makes `dir` if it is missing. `blobs` outlives this.
  static absl::StatusOr<std::unique_ptr<PartialBlobs>> Open(const std::string& dir, BlobStore* blobs,
                                                            Options options);

  // How much of the blob is here from a transfer that broke off.
  uint64_t ReceivedBytes(const v1::Blob& blob) const;

  // Goes on at `offset`, which is at most ReceivedBytes. InvalidArgument: no blob's name; OutOfRange: says
  // what is here; Aborted: another transfer of this blob is under way; ResourceExhausted.
  absl::StatusOr<std::unique_ptr<Incoming>> Start(const v1::Blob& blob, uint64_t offset);

 private:
  PartialBlobs(std::string dir, BlobStore* blobs, Options options);

  std::string PathOf(absl::string_view sha256) const;
  // Removes files that are too old, or too many.
  void Prune();
  absl::Status Reserve(uint64_t bytes);
  void Release(uint64_t bytes);

  const std::string dir_;
  BlobStore* const blobs_;
  const Options options_;
  mutable std::mutex mutex_;
  std::set<std::string> active_;
  uint64_t bytes_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_STORAGE_PARTIAL_BLOBS_H_
