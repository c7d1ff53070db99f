#include "storage/verification.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/digest.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

// linux/ioprio.h, which is not in the C library: the class is in the top bits.
constexpr int kIoprioWhoProcess = 1;
constexpr int kIoprioClassIdle = 3 << 13;
constexpr int kThisThread = 0;

}  // namespace

absl::Status VerifySlowly(BlobStore& store, const v1::Blob& blob,
                          const std::function<absl::Status(absl::Duration)>& pace) {
  if (absl::Status there = store.Check(blob); !there.ok()) return there;
  absl::StatusOr<std::string> path = store.LocalPath(blob);
  if (!path.ok()) return path.status();
  Sha256 digest;
  absl::Status paced;
  absl::Time begin = absl::Now();
  absl::Status read = ForEachChunk(*path, kPieceBytes, [&](absl::string_view piece) {
    digest.Update(piece);
    paced = pace(absl::Now() - begin);
    begin = absl::Now();
    return paced;
  });
  if (!paced.ok()) return paced;
  if (absl::IsNotFound(read)) return read;
  if (!read.ok())
    return absl::DataLossError(absl::StrCat("blob ", blob.sha256(), " cannot be read: ", read.message()));
  const std::string found = digest.FinishHex();
  if (found == blob.sha256()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("blob ", blob.sha256(), ": its bytes have the SHA-256 ", found));
}

IdleInput::IdleInput() : before_(static_cast<int>(syscall(SYS_ioprio_get, kIoprioWhoProcess, kThisThread))) {
  syscall(SYS_ioprio_set, kIoprioWhoProcess, kThisThread, kIoprioClassIdle);
}

IdleInput::~IdleInput() {
  if (before_ >= 0) syscall(SYS_ioprio_set, kIoprioWhoProcess, kThisThread, before_);
}

}  // namespace bonsai
