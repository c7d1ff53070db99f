#include "storage/partial_blobs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/piece_checksum.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

namespace fs = std::filesystem;

uint64_t FileBytes(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

}  // namespace

// --- One blob
// -----------------------------------------------------------------------------------------------

PartialBlobs::Incoming::Incoming(PartialBlobs* parent, v1::Blob blob, std::string path, int fd)
    : parent_(parent), blob_(std::move(blob)), path_(std::move(path)), fd_(fd) {}

PartialBlobs::Incoming::~Incoming() {
  close(fd_);
  if (done_ || received_ == 0) {
    unlink(path_.c_str());
    parent_->Release(held_);
  }
  std::lock_guard<std::mutex> lock(parent_->mutex_);
  parent_->active_.erase(blob_.sha256());
}

// The bytes before `offset` are read again for the digest; those behind it go.
absl::Status PartialBlobs::Incoming::Resume(uint64_t offset) {
  held_ = FileBytes(path_);
  if (offset > held_) {
    return absl::OutOfRangeError(
        absl::StrCat("blob ", blob_.sha256(), ": ", held_, " bytes are here; offset ", offset, " is beyond"));
  }
  if (ftruncate(fd_, static_cast<off_t>(offset)) != 0) return ErrnoStatus(errno, "truncate", path_);
  parent_->Release(held_ - offset);
  held_ = offset;
  absl::Status read = ForEachChunk(path_, kPieceBytesMax, [this](absl::string_view chunk) {
    digest_.Update(chunk);
    received_ += chunk.size();
    return absl::OkStatus();
  });
  if (read.ok() && received_ != offset) read = absl::InternalError(absl::StrCat(path_, " changes"));
  return read;
}

absl::Status PartialBlobs::Incoming::Append(uint64_t offset, absl::string_view data, uint32_t crc32c) {
  if (offset != received_) {
    return absl::OutOfRangeError(absl::StrCat("blob ", blob_.sha256(), ": a piece at offset ", offset,
                                              " came; the next one is at ", received_));
  }
  if (data.size() > kPieceBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("blob ", blob_.sha256(), ": a piece has ", data.size(),
                                                   " bytes; at most ", kPieceBytesMax));
  }
  if (data.size() > blob_.size_bytes() - received_) {
    return absl::InvalidArgumentError(
        absl::StrCat("blob ", blob_.sha256(), ": more than its ", blob_.size_bytes(), " bytes came"));
  }
  if (Crc32c(data) != crc32c) {
    return absl::DataLossError(absl::StrCat("blob ", blob_.sha256(), ": the piece at offset ", offset,
                                            " was damaged on the way (its CRC-32C differs)"));
  }
  if (absl::Status room = parent_->Reserve(data.size()); !room.ok()) return room;
  if (absl::Status written = WriteAll(fd_, data, path_); !written.ok()) {
    parent_->Release(data.size());
    // Part of the piece may be there.
    if (ftruncate(fd_, static_cast<off_t>(received_)) != 0) done_ = true;
    return written;
  }
  digest_.Update(data);
  received_ += data.size();
  held_ = received_;
  return absl::OkStatus();
}

absl::Status PartialBlobs::Incoming::Finish() {
  if (received_ != blob_.size_bytes()) {
    return absl::OutOfRangeError(absl::StrCat("blob ", blob_.sha256(), ": the pieces ended after ", received_,
                                              " of ", blob_.size_bytes(), " bytes"));
  }
  const std::string sha256 = digest_.FinishHex();
  if (sha256 != blob_.sha256()) {
    done_ = true;
    return absl::DataLossError(
        absl::StrCat("blob ", blob_.sha256(), ": the bytes that came have the SHA-256 ", sha256));
  }
  absl::StatusOr<v1::Blob> stored = parent_->blobs_->PutFile(path_);
  if (!stored.ok()) return stored.status();
  done_ = true;
  if (stored->sha256() == blob_.sha256()) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("blob ", blob_.sha256(), ": ", path_, " changed while it was stored"));
}

// --- All of them
// --------------------------------------------------------------------------------------------

PartialBlobs::PartialBlobs(std::string dir, BlobStore* blobs, Options options)
    : dir_(std::move(dir)), blobs_(blobs), options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<PartialBlobs>> PartialBlobs::Open(const std::string& dir, BlobStore* blobs,
                                                                 Options options) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return ErrnoStatus(error.value(), "make folder", dir);
  if (!options.clock) options.clock = absl::Now;
  std::unique_ptr<PartialBlobs> partial(new PartialBlobs(dir, blobs, std::move(options)));
  for (const auto& entry : fs::directory_iterator(dir, error)) partial->bytes_ += FileBytes(entry.path());
  partial->Prune();
  return partial;
}

std::string PartialBlobs::PathOf(absl::string_view sha256) const { return absl::StrCat(dir_, "/", sha256); }

uint64_t PartialBlobs::ReceivedBytes(const v1::Blob& blob) const {
  if (!IsSha256Hex(blob.sha256())) return 0;
  return std::min(FileBytes(PathOf(blob.sha256())), blob.size_bytes());
}

absl::StatusOr<std::unique_ptr<PartialBlobs::Incoming>> PartialBlobs::Start(const v1::Blob& blob,
                                                                            uint64_t offset) {
  if (!IsSha256Hex(blob.sha256())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", blob.sha256().substr(0, 80), "\" is no blob's name: want 64 lower-case hexadecimal digits"));
  }
  Prune();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!active_.insert(blob.sha256()).second) {
      return absl::AbortedError(
          absl::StrCat("blob ", blob.sha256(), " is on its way in another transfer; ask again soon"));
    }
  }
  const std::string path = PathOf(blob.sha256());
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) {
    const absl::Status failed = ErrnoStatus(errno, "open", path);
    std::lock_guard<std::mutex> lock(mutex_);
    active_.erase(blob.sha256());
    return failed;
  }
  std::unique_ptr<Incoming> incoming(new Incoming(this, blob, path, fd));
  if (absl::Status resumed = incoming->Resume(offset); !resumed.ok()) {
    // What is here stays for one who asks for it rightly.
    if (incoming->received_ == 0) incoming->received_ = incoming->held_;
    return resumed;
  }
  return incoming;
}

void PartialBlobs::Prune() {
  struct File {
    absl::Time written;
    std::string path;
    uint64_t bytes;
  };
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<File> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(dir_, error)) {
    struct stat info;
    if (active_.count(entry.path().filename().string()) > 0) continue;
    if (stat(entry.path().c_str(), &info) != 0) continue;
    files.push_back(
        {absl::TimeFromTimespec(info.st_mtim), entry.path().string(), static_cast<uint64_t>(info.st_size)});
  }
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.written > b.written; });
  const absl::Time oldest = options_.clock() - options_.expiry;
  for (size_t i = 0; i < files.size(); ++i) {
    if (i < options_.files_max && files[i].written >= oldest) continue;
    if (unlink(files[i].path.c_str()) == 0) bytes_ -= std::min(bytes_, files[i].bytes);
  }
}

absl::Status PartialBlobs::Reserve(uint64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (bytes > options_.bytes_max - std::min(bytes_, options_.bytes_max)) {
    return absl::ResourceExhaustedError(absl::StrCat("transfers that are under way or broke off hold ",
                                                     bytes_, " bytes, of at most ", options_.bytes_max,
                                                     "; try later"));
  }
  bytes_ += bytes;
  return absl::OkStatus();
}

void PartialBlobs::Release(uint64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  bytes_ -= std::min(bytes_, bytes);
}

}  // namespace bonsai
