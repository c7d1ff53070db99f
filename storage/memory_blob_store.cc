#include "storage/memory_blob_store.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/digest.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr size_t kFileBytesMax = size_t{1} << 30;

absl::Status Missing(absl::string_view sha256) {
  return absl::NotFoundError(absl::StrCat("blob ", sha256, " is not in the store (memory)"));
}

absl::Status Corrupt(absl::string_view sha256) {
  return absl::DataLossError(absl::StrCat("blob ", sha256, " is corrupt (memory)"));
}

absl::Status CheckName(absl::string_view sha256) {
  if (IsSha256Hex(sha256)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("\"", sha256, "\" is no blob's name"));
}

}  // namespace

MemoryBlobStore::~MemoryBlobStore() {
  for (auto& [name, entry] : entries_) {
    if (entry.fd >= 0) close(entry.fd);
  }
}

const MemoryBlobStore::Entry* MemoryBlobStore::Find(absl::string_view sha256) const {
  auto found = entries_.find(std::string(sha256));
  return found == entries_.end() ? nullptr : &found->second;
}

absl::StatusOr<v1::Blob> MemoryBlobStore::Put(absl::string_view bytes) {
  v1::Blob blob;
  blob.set_sha256(Sha256Hex(bytes));
  blob.set_size_bytes(bytes.size());
  std::lock_guard<std::mutex> lock(mutex_);
  Entry& entry = entries_[blob.sha256()];
  entry.bytes = std::string(bytes);
  entry.renewed = now_;
  return blob;
}

absl::StatusOr<v1::Blob> MemoryBlobStore::PutFile(const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadFileBytes(path, kFileBytesMax);
  if (!bytes.ok()) return bytes.status();
  return Put(*bytes);
}

absl::StatusOr<std::string> MemoryBlobStore::Get(absl::string_view sha256, size_t max_bytes) {
  if (absl::Status status = CheckName(sha256); !status.ok()) return status;
  std::lock_guard<std::mutex> lock(mutex_);
  const Entry* entry = Find(sha256);
  if (entry == nullptr) return Missing(sha256);
  if (entry->bytes.size() > max_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat("blob ", sha256, " has ", entry->bytes.size(),
                                                     " bytes, more than the ", max_bytes, " allowed here"));
  }
  if (Sha256Hex(entry->bytes) != sha256) return Corrupt(sha256);
  return entry->bytes;
}

absl::StatusOr<uint64_t> MemoryBlobStore::SizeOf(absl::string_view sha256) {
  if (absl::Status status = CheckName(sha256); !status.ok()) return status;
  std::lock_guard<std::mutex> lock(mutex_);
  const Entry* entry = Find(sha256);
  if (entry == nullptr) return Missing(sha256);
  return entry->bytes.size();
}

absl::Status MemoryBlobStore::Check(const v1::Blob& blob) {
  if (absl::Status status = CheckName(blob.sha256()); !status.ok()) return status;
  std::lock_guard<std::mutex> lock(mutex_);
  const Entry* entry = Find(blob.sha256());
  if (entry == nullptr) return Missing(blob.sha256());
  return entry->bytes.size() == blob.size_bytes() ? absl::OkStatus() : Corrupt(blob.sha256());
}

absl::Status MemoryBlobStore::Renew(const v1::Blob& blob) {
  if (absl::Status status = Check(blob); !status.ok()) return status;
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = entries_.find(blob.sha256());
  if (found == entries_.end()) return Missing(blob.sha256());
  found->second.renewed = now_;
  return absl::OkStatus();
}

absl::Status MemoryBlobStore::Verify(const v1::Blob& blob) {
  if (absl::Status status = Check(blob); !status.ok()) return status;
  std::lock_guard<std::mutex> lock(mutex_);
  const Entry* entry = Find(blob.sha256());
  if (entry == nullptr) return Missing(blob.sha256());
  return Sha256Hex(entry->bytes) == blob.sha256() ? absl::OkStatus() : Corrupt(blob.sha256());
}

absl::StatusOr<std::string> MemoryBlobStore::LocalPath(const v1::Blob& blob) {
  if (absl::Status status = Check(blob); !status.ok()) return status;
  std::lock_guard<std::mutex> lock(mutex_);
  Entry& entry = entries_[blob.sha256()];
  if (entry.fd < 0) {
    int fd = memfd_create("blob", MFD_CLOEXEC);
    if (fd < 0) return ErrnoStatus(errno, "memfd_create for", blob.sha256());
    if (absl::Status status = WriteAll(fd, entry.bytes, blob.sha256()); !status.ok()) {
      close(fd);
      return status;
    }
    entry.fd = fd;
  }
  return absl::StrCat("/proc/", getpid(), "/fd/", entry.fd);
}

absl::StatusOr<absl::Time> MemoryBlobStore::Now() {
  std::lock_guard<std::mutex> lock(mutex_);
  return now_;
}

void MemoryBlobStore::Advance(absl::Duration duration) {
  std::lock_guard<std::mutex> lock(mutex_);
  now_ += duration;
}

absl::Status MemoryBlobStore::ForEachBlob(const std::function<absl::Status(const StoredBlob&)>& visit) {
  std::vector<StoredBlob> blobs;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [name, entry] : entries_) blobs.push_back({name, entry.bytes.size(), entry.renewed});
  }
  for (const StoredBlob& blob : blobs) {
    if (absl::Status status = visit(blob); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> MemoryBlobStore::RemoveIfUnused(absl::string_view sha256, absl::Time since) {
  if (absl::Status status = CheckName(sha256); !status.ok()) return status;
  std::lock_guard<std::mutex> lock(mutex_);
  const Entry* entry = Find(sha256);
  if (entry == nullptr || entry->renewed >= since) return false;
  Erase(std::string(sha256));
  return true;
}

absl::StatusOr<bool> MemoryBlobStore::Quarantine(const v1::Blob& blob) {
  if (absl::Status status = CheckName(blob.sha256()); !status.ok()) return status;
  std::lock_guard<std::mutex> lock(mutex_);
  const Entry* entry = Find(blob.sha256());
  if (entry != nullptr && Sha256Hex(entry->bytes) == blob.sha256()) return false;
  quarantined_.insert(blob.sha256());
  Erase(blob.sha256());
  return true;
}

bool MemoryBlobStore::IsQuarantined(absl::string_view sha256) {
  std::lock_guard<std::mutex> lock(mutex_);
  return quarantined_.count(std::string(sha256)) > 0;
}

void MemoryBlobStore::Erase(const std::string& sha256) {
  auto found = entries_.find(sha256);
  if (found == entries_.end()) return;
  if (found->second.fd >= 0) close(found->second.fd);
  entries_.erase(found);
}

void MemoryBlobStore::Damage(absl::string_view sha256, const std::string* bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = entries_.find(std::string(sha256));
  if (found == entries_.end()) return;
  if (bytes == nullptr) return Erase(found->first);
  if (found->second.fd >= 0) close(found->second.fd);
  found->second.fd = -1;
  found->second.bytes = *bytes;
}

}  // namespace bonsai
