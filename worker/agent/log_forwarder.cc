#include "worker/agent/log_forwarder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "storage/file_bytes.h"
#include "worker/agent/rank_folder.h"

namespace bonsai {
namespace {

// Up to kLogChunkBytes from the offset on; empty at the end of the file, and where there is none.
absl::StatusOr<std::string> ReadPiece(const std::string& path, uint64_t offset) {
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? absl::StatusOr<std::string>("") : ErrnoStatus(errno, "open", path);
  size_t want = std::min<uint64_t>(kLogChunkBytes, kLogStreamBytesMax - std::min(offset, kLogStreamBytesMax));
  std::string piece(want, '\0');
  ssize_t got = pread(fd, piece.data(), piece.size(), static_cast<off_t>(offset));
  int error = errno;
  close(fd);
  if (got < 0) return ErrnoStatus(error, "read", path);
  piece.resize(got);
  return piece;
}

// Whether the coordinator said, about this stream, that it will never take it.
bool IsRefusal(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
      return true;
    default:
      return false;
  }
}

}  // namespace

absl::StatusOr<bool> LogForwarder::Forward(const RankKey& key) {
  absl::StatusOr<RankFolder> folder = FolderOf(work_dir_, key);
  // Such a rank was never started.
  if (!folder.ok()) return true;
  absl::StatusOr<bool> log = ForwardStream({key, v1::AppendLogRequest::LOG}, folder->log_file);
  if (!log.ok()) return log;
  absl::StatusOr<bool> samples = ForwardStream({key, v1::AppendLogRequest::SAMPLES}, folder->samples_file);
  if (!samples.ok()) return samples;
  return *log && *samples;
}

absl::StatusOr<bool> LogForwarder::ForwardStream(const StreamKey& key, const std::string& path) {
  Tail& tail = tails_[key];
  v1::AppendLogRequest request;
  request.set_job_id(key.first.job_id);
  request.set_attempt(key.first.attempt);
  request.set_rank(key.first.rank);
  request.set_stream(key.second);
  for (int i = 0; i < kLogChunksPerCall; ++i) {
    if (tail.refused) return true;
    absl::StatusOr<std::string> piece = ReadPiece(path, tail.offset);
    if (!piece.ok()) return piece.status();
    if (piece->empty()) return true;
    request.set_offset(tail.offset);
    request.set_data(*std::move(piece));
    absl::StatusOr<uint64_t> size = append_(request);
    if (!size.ok() && IsRefusal(size.status())) {
      tail.refused = true;
      return true;
    }
    if (!size.ok()) return size.status();
    if (*size > tail.offset)
      bytes_forwarded_ += std::min<uint64_t>(*size - tail.offset, request.data().size());
    // Less than before if it lost some: that is sent again.
    tail.offset = *size;
  }
  return false;
}

void LogForwarder::Forget(const RankKey& key) {
  tails_.erase({key, v1::AppendLogRequest::LOG});
  tails_.erase({key, v1::AppendLogRequest::SAMPLES});
}

}  // namespace bonsai
