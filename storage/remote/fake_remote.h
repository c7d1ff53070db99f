// A BlobRemote over a store in this process, with faults on the way: the fake for tests.
//
// A FakeFarSide is shared by its remotes' threads.
#ifndef BONSAI_STORAGE_REMOTE_FAKE_REMOTE_H_
#define BONSAI_STORAGE_REMOTE_FAKE_REMOTE_H_

#include <atomic>
#include <memory>

#include "storage/blob_store.h"
#include "storage/partial_blobs.h"
#include "storage/remote/blob_remote.h"

namespace bonsai {

struct FakeFarSide {
  BlobStore* blobs = nullptr;
  PartialBlobs* partial = nullptr;
  uint64_t piece_bytes = 1000;  // of what it sends
  // Each counts down to the fault, once; negative: never.
  std::atomic<int> messages_to_break{-1};   // then the call breaks off with Unavailable
  std::atomic<int> messages_to_damage{-1};  // then a byte of the piece changes on the way
  std::atomic<int> calls_away{0};           // so many calls find nobody
  // What went over the wire.
  std::atomic<uint64_t> bytes_sent{0};
  std::atomic<uint64_t> bytes_received{0};
};

std::unique_ptr<BlobRemote> ConnectTo(FakeFarSide* far_side);

}  // namespace bonsai

#endif  // BONSAI_STORAGE_REMOTE_FAKE_REMOTE_H_
