#include "worker/agent/storage_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/digest.h"
#include "storage/file_bytes.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

// The times of files tick more coarsely than the clock.
constexpr absl::Duration kClockGrain = absl::Milliseconds(20);

std::set<std::string> BlobsOf(const std::string& id, const v1::Manifest& manifest) {
  std::set<std::string> blobs = {id};
  for (const v1::ArtifactFile& file : manifest.files()) blobs.insert(file.blob().sha256());
  return blobs;
}

}  // namespace

absl::StatusOr<std::unique_ptr<StorageCache>> StorageCache::Open(const std::string& dir,
                                                                 CollectableStore* blobs,
                                                                 uint64_t bytes_max) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return ErrnoStatus(error.value(), "make folder", dir);
  std::unique_ptr<StorageCache> cache(new StorageCache(dir, blobs, bytes_max));
  cache->Load();
  return cache;
}

void StorageCache::Load() {
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(dir_, error)) {
    const std::string id = file.path().filename().string();
    struct stat info;
    if (!IsSha256Hex(id) || stat(file.path().c_str(), &info) != 0) continue;
    absl::StatusOr<v1::Manifest> manifest = GetManifest(*blobs_, id);
    const bool whole =
        manifest.ok() && std::all_of(manifest->files().begin(), manifest->files().end(),
                                     [&](const auto& one) { return blobs_->Check(one.blob()).ok(); });
    if (whole) {
      entries_[id] = {absl::TimeFromTimespec(info.st_mtim), BlobsOf(id, *manifest)};
    } else {
      unlink(file.path().c_str());
    }
  }
}

void StorageCache::Enter(const RankKey& rank) {
  std::lock_guard<std::mutex> lock(mutex_);
  ranks_.try_emplace(rank).first->second.entered = absl::Now();
}

void StorageCache::Leave(const RankKey& rank) {
  std::lock_guard<std::mutex> lock(mutex_);
  ranks_.erase(rank);
}

void StorageCache::Use(const std::string& id, const v1::Manifest& manifest, absl::Time used) {
  std::lock_guard<std::mutex> lock(mutex_);
  const std::string path = absl::StrCat(dir_, "/", id);
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd >= 0) {
    futimens(fd, nullptr);
    close(fd);
  }
  entries_[id] = {used, BlobsOf(id, manifest)};
}

void StorageCache::UseFor(const RankKey& rank, const std::string& id, const v1::Manifest& manifest) {
  Use(id, manifest, absl::Now());
  std::lock_guard<std::mutex> lock(mutex_);
  if (auto found = ranks_.find(rank); found != ranks_.end()) found->second.artifacts.insert(id);
}

bool StorageCache::InUse(const std::string& id) const {
  return std::any_of(ranks_.begin(), ranks_.end(),
                     [&](const auto& rank) { return rank.second.artifacts.count(id) > 0; });
}

std::vector<std::string> StorageCache::ByUse() const {
  std::vector<std::string> ids;
  for (const auto& [id, entry] : entries_) ids.push_back(id);
  std::sort(ids.begin(), ids.end(), [this](const std::string& a, const std::string& b) {
    return entries_.at(a).used < entries_.at(b).used;
  });
  return ids;
}

std::vector<std::string> StorageCache::Artifacts() const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> ids = ByUse();
  if (ids.size() > kOfferedArtifactsMax) ids.erase(ids.begin(), ids.end() - kOfferedArtifactsMax);
  return ids;
}

absl::Status StorageCache::Trim() {
  std::lock_guard<std::mutex> lock(mutex_);
  std::map<std::string, StoredBlob> stored;
  uint64_t total = 0;
  absl::Status listed = blobs_->ForEachBlob([&](const StoredBlob& blob) {
    total += blob.size_bytes;
    stored[blob.sha256] = blob;
    return absl::OkStatus();
  });
  if (!listed.ok()) return listed;
  return total <= bytes_max_ ? absl::OkStatus() : TrimLocked(stored, total);
}

absl::Status StorageCache::TrimLocked(const std::map<std::string, StoredBlob>& stored, uint64_t total) {
  absl::Time oldest_rank = absl::Now();
  for (const auto& [key, rank] : ranks_) oldest_rank = std::min(oldest_rank, rank.entered);
  std::map<std::string, int> named;
  for (const auto& [id, entry] : entries_) {
    for (const std::string& blob : entry.blobs) ++named[blob];
  }
  const auto remove = [&](const std::string& sha256, absl::Time since) -> absl::Status {
    auto found = stored.find(sha256);
    if (found == stored.end()) return absl::OkStatus();
    absl::StatusOr<bool> removed = blobs_->RemoveIfUnused(sha256, since - kClockGrain);
    if (removed.ok() && *removed) total -= found->second.size_bytes;
    return removed.status();
  };
  for (const auto& [sha256, blob] : stored) {
    if (total <= bytes_max_) return absl::OkStatus();
    if (named.count(sha256) > 0) continue;
    if (absl::Status removed = remove(sha256, oldest_rank); !removed.ok()) return removed;
  }
  for (const std::string& id : ByUse()) {
    if (total <= bytes_max_) break;
    if (InUse(id)) continue;
    const Entry entry = entries_.at(id);
    entries_.erase(id);
    unlink(absl::StrCat(dir_, "/", id).c_str());
    // A runner that stores the same bytes again, for what it makes next, renews them: they are younger then.
    for (const std::string& blob : entry.blobs) {
      if (--named[blob] > 0) continue;
      if (absl::Status removed = remove(blob, entry.used); !removed.ok()) return removed;
    }
  }
  return absl::OkStatus();
}

}  // namespace bonsai
