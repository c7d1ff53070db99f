#include "worker/train/checkpoint_writer.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/digest.h"
#include "worker/train/checkpoint_ranges.h"

namespace bonsai {
namespace {

constexpr absl::Duration kPollFirst = absl::Milliseconds(2);
constexpr absl::Duration kPollMax = absl::Milliseconds(50);
// Of the writing thread. It takes what the computing threads leave while they wait for each other, and still
// ends soon where they leave nothing.
constexpr int kNice = 10;
// Begins what a rank posts instead of a blob when it could not store its part.
constexpr char kFailed[] = "failed: ";
constexpr size_t kPublishedMax = 8;

absl::string_view BytesOf(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// Ranks that meet through an address share no folder: then rank 0, which is given all of the state, writes it
// alone.
uint32_t PartsOf(const v1::Task& task, const RankGroup& group) {
  return task.rendezvous_address().empty() ? static_cast<uint32_t>(group.ranks()) : 1;
}

}  // namespace

CheckpointWriter::CheckpointWriter(RunnerContext& context, RankGroup& group, std::string fingerprint,
                                   uint64_t parameters, absl::Duration timeout,
                                   std::vector<OwnedRange> shares)
    : context_(context),
      group_(group),
      parts_(PartsOf(context.task(), group)),
      part_(static_cast<uint32_t>(group.rank())),
      shares_(std::move(shares)),
      timeout_(timeout) {
  header_.parameters = parameters;
  header_.fingerprint = std::move(fingerprint);
}

CheckpointWriter::~CheckpointWriter() {
  abandoned_ = true;
  (void)Finish();
}

uint64_t CheckpointWriter::ValuesOf(uint32_t part) const {
  if (shares_.empty()) return PartRange(header_.parameters, parts_, part).size();
  uint64_t values = 0;
  for (const OwnedRange& share : shares_) {
    if (share.owner == static_cast<int>(part)) values += share.size();
  }
  return values;
}

void CheckpointWriter::Reserve() {
  if (part_ < parts_) snapshot_.resize(3 * ValuesOf(part_));
}

double CheckpointWriter::Begin(const StateView& state, Metrics metrics) {
  if (part_ >= parts_) return 0;
  const absl::Time before = absl::Now();
  (void)Finish();
  Reserve();
  Copy(state);
  header_.step = state.step;
  ++number_;
  header_.metrics = std::move(metrics);
  if (part_ == 0) {
    losses_.assign(state.losses.begin(), state.losses.end());
    record_ = state.record == nullptr ? RunRecord() : *state.record;
    best_ = state.best;
  }
  thread_ = std::thread([this] { Store(); });
  return absl::ToDoubleSeconds(absl::Now() - before);
}

void CheckpointWriter::Copy(const StateView& state) {
  float* to = snapshot_.data();
  if (shares_.empty()) {
    const FlatRange range = PartRange(header_.parameters, parts_, part_);
    for (const absl::Span<const float>& buffer : {state.parameters, state.moment1, state.moment2}) {
      to = std::copy_n(buffer.data() + range.begin, range.size(), to);
    }
    return;
  }
  for (const OwnedRange& share : shares_) {
    if (share.owner != static_cast<int>(part_)) continue;
    to = std::copy_n(state.parameters.data() + share.begin, share.size(), to);
  }
  for (const absl::Span<const float>& moment : {state.moment1, state.moment2}) {
    to = std::copy(moment.begin(), moment.end(), to);
  }
}

absl::Status CheckpointWriter::Finish() {
  if (thread_.joinable()) thread_.join();
  return last_;
}

void CheckpointWriter::Store() {
  // Of this thread alone, on Linux. Without it the checkpoint is written as well.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
  last_ = StorePart();
  if (last_.ok()) return;
  // Training goes on: an older checkpoint, or the end of the run, will do as well.
  std::fprintf(stderr, "checkpoint at step %llu was not written: %s\n",
               static_cast<unsigned long long>(header_.step), std::string(last_.message()).c_str());
}

absl::Status CheckpointWriter::StorePart() {
  const absl::StatusOr<v1::Blob> own = context_.blobs().Put(BytesOf(snapshot_));
  if (part_ != 0) {
    const absl::Status posted =
        group_.Post(KeyOf(part_), own.ok() ? own->sha256() : absl::StrCat(kFailed, own.status().message()));
    return own.ok() ? posted : own.status();
  }
  if (!own.ok()) return own.status();
  const absl::StatusOr<CheckpointBlobs> blobs = StoreAll(*own);
  if (!blobs.ok()) return blobs.status();
  const absl::StatusOr<std::string> id =
      context_.PublishCheckpoint(CheckpointManifest(header_, *blobs), header_.step);
  if (!id.ok()) return id.status();
  v1::Checkpoint& checkpoint = published_.emplace_front();
  checkpoint.set_manifest_id(*id);
  checkpoint.set_step(header_.step);
  if (published_.size() > kPublishedMax) published_.pop_back();
  return absl::OkStatus();
}

absl::StatusOr<CheckpointBlobs> CheckpointWriter::StoreAll(v1::Blob own) {
  CheckpointBlobs blobs;
  const absl::StatusOr<v1::Blob> losses = context_.blobs().Put(BytesOf(losses_));
  if (!losses.ok()) return losses.status();
  blobs.losses = *losses;
  const absl::StatusOr<v1::Blob> record = context_.blobs().Put(record_.ToJson());
  if (!record.ok()) return record.status();
  blobs.record = *record;
  if (!shares_.empty()) {
    const absl::StatusOr<v1::Blob> ranges = context_.blobs().Put(EncodeRanges(shares_));
    if (!ranges.ok()) return ranges.status();
    blobs.ranges = *ranges;
  }
  // What was stored before may be gone since: from a small cache, or because no checkpoint came to name it.
  if (best_ != nullptr &&
      (best_stored_.first != best_ || !context_.blobs().Renew(best_stored_.second).ok())) {
    const absl::StatusOr<v1::Blob> best = context_.blobs().Put(BytesOf(*best_));
    if (!best.ok()) return best.status();
    best_stored_ = {best_, *best};
  }
  if (best_ != nullptr) blobs.best = best_stored_.second;
  absl::StatusOr<std::vector<v1::Blob>> parts = CollectParts(std::move(own));
  if (!parts.ok()) return parts.status();
  blobs.parts = *std::move(parts);
  return blobs;
}

absl::StatusOr<std::vector<v1::Blob>> CheckpointWriter::CollectParts(v1::Blob own) {
  const absl::Time deadline = absl::Now() + timeout_;
  std::vector<v1::Blob> parts = {std::move(own)};
  for (uint32_t part = 1; part < parts_; ++part) {
    absl::StatusOr<v1::Blob> blob = AwaitPart(part, deadline);
    if (!blob.ok()) return blob.status();
    parts.push_back(*std::move(blob));
  }
  return parts;
}

absl::StatusOr<v1::Blob> CheckpointWriter::AwaitPart(uint32_t part, absl::Time deadline) {
  absl::Duration poll = kPollFirst;
  while (true) {
    // Asked for before the part is: a rank may leave its part and then leave.
    const std::string missing = group_.WhyMissing(static_cast<int>(part));
    absl::StatusOr<v1::Blob> blob = FindPart(part);
    if (!absl::IsNotFound(blob.status())) return blob;
    const std::string what = absl::StrCat("part ", part, " of ", parts_, " did not come: ");
    if (!missing.empty()) return absl::UnavailableError(absl::StrCat(what, missing));
    if (abandoned_) return absl::UnavailableError(absl::StrCat(what, "this rank ended"));
    if (absl::Now() >= deadline) {
      return absl::UnavailableError(
          absl::StrCat(what, "waited for ", absl::FormatDuration(timeout_), "; every rank is there"));
    }
    absl::SleepFor(poll);
    poll = std::min(poll * 2, kPollMax);
  }
}

absl::StatusOr<v1::Blob> CheckpointWriter::FindPart(uint32_t part) {
  const absl::StatusOr<std::string> text = group_.Find(KeyOf(part));
  if (!text.ok()) return text.status();
  if (!IsSha256Hex(*text)) {
    return absl::UnavailableError(absl::StrCat("part ", part, " of ", parts_, " ", text->substr(0, 500)));
  }
  v1::Blob blob;
  blob.set_sha256(*text);
  blob.set_size_bytes(3 * sizeof(float) * ValuesOf(part));
  return blob;
}

std::string CheckpointWriter::KeyOf(uint32_t part) const {
  return absl::StrCat("checkpoint/", number_, "/part/", part);
}

}  // namespace bonsai
