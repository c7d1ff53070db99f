#include "storage/collection.h"

#include "absl/time/clock.h"

namespace bonsai {
namespace {

class Pass {
 public:
  Pass(CollectableStore& store, const IsNamed& named, absl::Time cutoff, const CollectionOptions& options)
      : store_(store), named_(named), cutoff_(cutoff), options_(options) {}

  absl::Status Visit(const StoredBlob& blob) {
    if (options_.stop && options_.stop()) return absl::CancelledError("the collection was stopped");
    if (named_(blob.sha256)) {
      Keep(blob);
      return absl::OkStatus();
    }
    bool removed = blob.renewed < cutoff_;
    if (removed && !options_.dry_run) {
      absl::StatusOr<bool> done = store_.RemoveIfUnused(blob.sha256, cutoff_);
      if (!done.ok()) return done.status();
      removed = *done;
      if (removed) absl::SleepFor(options_.pause);
    }
    if (!removed) {
      report_.set_blobs_young(report_.blobs_young() + 1);
      Keep(blob);
      return absl::OkStatus();
    }
    report_.set_blobs(report_.blobs() + 1);
    report_.set_bytes(report_.bytes() + blob.size_bytes);
    return absl::OkStatus();
  }

  const v1::CollectGarbageResponse& report() const { return report_; }

 private:
  void Keep(const StoredBlob& blob) {
    report_.set_blobs_kept(report_.blobs_kept() + 1);
    report_.set_bytes_kept(report_.bytes_kept() + blob.size_bytes);
  }

  CollectableStore& store_;
  const IsNamed& named_;
  const absl::Time cutoff_;
  const CollectionOptions& options_;
  v1::CollectGarbageResponse report_;
};

}  // namespace

absl::StatusOr<v1::CollectGarbageResponse> CollectGarbage(
    CollectableStore& store, const std::function<absl::StatusOr<IsNamed>()>& mark,
    const CollectionOptions& options) {
  absl::StatusOr<absl::Time> now = store.Now();
  if (!now.ok()) return now.status();
  absl::StatusOr<IsNamed> named = mark();
  if (!named.ok()) return named.status();
  Pass pass(store, *named, *now - options.age, options);
  absl::Status swept = store.ForEachBlob([&](const StoredBlob& blob) { return pass.Visit(blob); });
  if (!swept.ok()) return swept;
  return pass.report();
}

}  // namespace bonsai
