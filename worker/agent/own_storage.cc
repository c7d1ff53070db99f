#include "worker/agent/own_storage.h"

#include <utility>

#include "worker/agent/coordinator_blobs.h"

namespace bonsai {
namespace {

constexpr uint64_t kCacheBytesMaxDefault = uint64_t{20} << 30;

}  // namespace

OwnStorage::OwnStorage(const v1::WorkerConfig& config)
    : channel_(config.coordinator_address(), config.coordinator_address_file(), config.security()) {}

absl::StatusOr<std::unique_ptr<OwnStorage>> OwnStorage::Open(const v1::WorkerConfig& config) {
  std::unique_ptr<OwnStorage> own(new OwnStorage(config));
  auto blobs = DirectoryBlobStore::Open(config.storage_dir());
  if (!blobs.ok()) return blobs.status();
  own->blobs_ = *std::move(blobs);
  auto partial = PartialBlobs::Open(config.storage_dir() + "/incoming", own->blobs_.get(), {});
  if (!partial.ok()) return partial.status();
  own->partial_ = *std::move(partial);
  const uint64_t bytes_max = config.cache_bytes_max() > 0 ? config.cache_bytes_max() : kCacheBytesMaxDefault;
  auto cache = StorageCache::Open(config.storage_dir() + "/cached", own->blobs_.get(), bytes_max);
  if (!cache.ok()) return cache.status();
  own->cache_ = *std::move(cache);
  ArtifactCourier::Parts parts;
  parts.blobs = own->blobs_.get();
  parts.partial = own->partial_.get();
  parts.cache = own->cache_.get();
  parts.transfer.connect = [own = own.get()] { return MakeCoordinatorBlobs(&own->channel_); };
  parts.progress = [own = own.get()](const RankKey& key, uint64_t done_bytes, uint64_t total_bytes) {
    own->board_->With([&](RankTable& table) { table.OnFetching(key, done_bytes, total_bytes); });
  };
  own->courier_ = std::make_unique<ArtifactCourier>(std::move(parts));
  return own;
}

}  // namespace bonsai
