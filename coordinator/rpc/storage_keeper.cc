#include "coordinator/rpc/storage_keeper.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "coordinator/rpc/stderr_log.h"
#include "storage/collection.h"
#include "storage/verification.h"

namespace bonsai {
namespace {

constexpr int64_t kGarbageAgeMsDefault = 60 * 60 * 1000;
constexpr int64_t kIntervalMsDefault = 10 * 60 * 1000;
constexpr absl::Duration kReportInterval = absl::Seconds(1);

absl::Duration MsOr(int64_t ms, int64_t otherwise) { return absl::Milliseconds(ms > 0 ? ms : otherwise); }

absl::Status Unread(const UnreadManifest& manifest) {
  return absl::FailedPreconditionError(absl::StrCat(
      "nothing is removed, since it is not known what manifest ", manifest.id,
      " names: ", manifest.status.message(), ". Store it again (`bonsai import`), or give it up with ",
      "`bonsai storage verify --quarantine`"));
}

// Sends what was found, at least once a second.
class Report {
 public:
  explicit Report(const CallStream<v1::VerifyStorageResponse>& stream) : stream_(stream) {}

  void Add(v1::StorageProblem problem) { *message_.add_problems() = std::move(problem); }
  void Count(uint64_t bytes) {
    message_.set_blobs(message_.blobs() + 1);
    message_.set_bytes(message_.bytes() + bytes);
  }
  absl::Status Send(bool ended) {
    const absl::Time now = absl::Now();
    if (!ended && message_.problems().empty() && now - sent_ < kReportInterval) return absl::OkStatus();
    message_.set_ended(ended);
    if (!stream_.write(message_)) return StreamCancelled();
    message_.clear_problems();
    sent_ = now;
    return absl::OkStatus();
  }

 private:
  const CallStream<v1::VerifyStorageResponse>& stream_;
  v1::VerifyStorageResponse message_;
  absl::Time sent_ = absl::Now();
};

}  // namespace

StorageKeeper::Options StorageKeeper::OptionsOf(const v1::StorageConfig& config, absl::Duration lease) {
  Options options;
  options.garbage_age = MsOr(config.garbage_age_ms(), kGarbageAgeMsDefault);
  options.interval = MsOr(config.collect_interval_ms(), kIntervalMsDefault);
  options.settle = lease;
  return options;
}

StorageKeeper::StorageKeeper(CollectableStore* blobs, const ReadModel* model, Options options)
    : blobs_(blobs), model_(model), options_(options), started_(absl::Now()), thread_([this] { Run(); }) {}

StorageKeeper::~StorageKeeper() { Stop(); }

void StorageKeeper::Stop() {
  {
    std::lock_guard<std::mutex> lock(stop_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool StorageKeeper::stopped() {
  std::lock_guard<std::mutex> lock(stop_mutex_);
  return stopping_;
}

void StorageKeeper::Run() {
  const IdleInput idle;
  absl::Duration wait = options_.settle + options_.interval;
  while (true) {
    {
      std::unique_lock<std::mutex> lock(stop_mutex_);
      if (wake_.wait_for(lock, absl::ToChronoMilliseconds(wait), [this] { return stopping_; })) return;
    }
    wait = options_.interval;
    absl::StatusOr<v1::CollectGarbageResponse> pass = Collect(false, [] { return false; });
    if (!pass.ok() && !absl::IsCancelled(pass.status())) {
      LogLine(absl::StrCat("garbage was not collected: ", pass.status().ToString()));
    } else if (pass.ok() && pass->blobs() > 0) {
      LogLine(absl::StrCat("collected ", pass->blobs(), " blobs of ", pass->bytes(), " bytes; ",
                           pass->blobs_kept(), " of ", pass->bytes_kept(), " bytes are kept"));
    }
  }
}

std::vector<UnreadManifest> StorageKeeper::Refresh() {
  return Mark(*blobs_, model_->StorageRoots(absl::Now()), index_);
}

absl::StatusOr<v1::CollectGarbageResponse> StorageKeeper::Collect(bool dry_run,
                                                                  const std::function<bool()>& cancelled) {
  const absl::Duration since_start = absl::Now() - started_;
  if (!dry_run && since_start < options_.settle) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the coordinator started a moment ago, and workers may hold what it has not heard of; try again in ",
        absl::FormatDuration(absl::Ceil(options_.settle - since_start, absl::Seconds(1)))));
  }
  const IdleInput idle;
  CollectionOptions options;
  options.age = options_.garbage_age;
  options.dry_run = dry_run;
  options.stop = [&] { return cancelled() || stopped(); };
  const auto mark = [&]() -> absl::StatusOr<IsNamed> {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const UnreadManifest& manifest : Refresh()) {
      if (!blobs_->IsQuarantined(manifest.id)) return Unread(manifest);
    }
    return [this](absl::string_view sha256) {
      std::lock_guard<std::mutex> lock(mutex_);
      return index_.references.Names(sha256);
    };
  };
  absl::StatusOr<v1::CollectGarbageResponse> pass = CollectGarbage(*blobs_, mark, options);
  if (pass.ok() && !dry_run && options_.collected) options_.collected(*pass);
  return pass;
}

v1::StorageProblem StorageKeeper::Describe(const v1::Blob& blob, const absl::Status& status) {
  v1::StorageProblem problem;
  *problem.mutable_blob() = blob;
  problem.set_problem(absl::IsNotFound(status) ? "missing" : absl::StrCat("damaged: ", status.message()));
  std::vector<std::string> names;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    names = index_.references.NamesOf(blob.sha256());
  }
  // A manifest that cannot be read is not in the index, but is what somebody names.
  if (names.empty()) names.push_back(blob.sha256());
  for (const std::string& id : names) {
    *(model_->FindArtifact(id) ? problem.add_artifact_ids() : problem.add_checkpoint_ids()) = id;
  }
  return problem;
}

absl::Status StorageKeeper::Verify(const v1::VerifyStorageRequest& request,
                                   const CallStream<v1::VerifyStorageResponse>& stream) {
  std::unique_lock<std::mutex> alone(verifying_, std::try_to_lock);
  if (!alone.owns_lock()) {
    return absl::FailedPreconditionError(
        "another verification of the storage is under way; wait for its end");
  }
  const IdleInput idle;
  std::vector<v1::Blob> blobs;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (const UnreadManifest& manifest : Refresh()) blobs.emplace_back().set_sha256(manifest.id);
    index_.references.ForEachBlob([&](const v1::Blob& blob) { blobs.push_back(blob); });
  }
  Report report(stream);
  const auto pace = [&](absl::Duration busy) -> absl::Status {
    if (stream.cancelled()) return StreamCancelled();
    if (stream.stopping() || stopped()) return StreamStopping();
    if (options_.throttle) absl::SleepFor(busy);
    return report.Send(false);
  };
  for (v1::Blob& blob : blobs) {
    if (absl::Status go_on = pace(absl::ZeroDuration()); !go_on.ok()) return go_on;
    // The size of a manifest that was not read is not known.
    if (blob.size_bytes() == 0) blob.set_size_bytes(blobs_->SizeOf(blob.sha256()).value_or(0));
    const absl::Status sound = VerifySlowly(*blobs_, blob, pace);
    if (absl::IsCancelled(sound) || absl::IsUnavailable(sound)) return sound;
    if (!sound.ok()) {
      report.Add(Describe(blob, sound));
      absl::StatusOr<bool> lost = request.quarantine() ? blobs_->Quarantine(blob) : false;
      if (!lost.ok()) return lost.status();
    }
    report.Count(blob.size_bytes());
  }
  return report.Send(true);
}

std::map<std::string, TenantBytes> StorageKeeper::Usage() {
  std::lock_guard<std::mutex> lock(mutex_);
  Refresh();
  return index_.references.Tenants();
}

std::vector<v1::ArtifactRecord> StorageKeeper::DescendantsOf(const std::string& id) {
  std::vector<std::string> ids;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    Refresh();
    ids = index_.lineage.DescendantsOf(id);
  }
  std::vector<v1::ArtifactRecord> records;
  for (const std::string& one : ids) {
    // Checkpoints are descendants too, but no artifacts.
    if (std::optional<v1::ArtifactRecord> record = model_->FindArtifact(one))
      records.push_back(*std::move(record));
  }
  return records;
}

bool StorageKeeper::IsSource(const std::string& sha256) {
  std::lock_guard<std::mutex> lock(mutex_);
  Refresh();
  return index_.lineage.HasSource(sha256);
}

}  // namespace bonsai
