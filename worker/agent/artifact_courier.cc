#include "worker/agent/artifact_courier.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "storage/remote/artifact_transfer.h"
#include "worker/agent/agent_log.h"

namespace bonsai {
namespace {

constexpr absl::Duration kProgressInterval = absl::Milliseconds(300);

const std::string& ManifestOf(const v1::RunnerEvent& event) {
  return event.has_checkpoint() ? event.checkpoint().manifest_id() : event.artifact().manifest_id();
}

}  // namespace

struct ArtifactCourier::Lane {
  RankKey key;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Finished> waiting;  // to be done; without a status yet
  bool closed = false;
  std::atomic<bool> cancelled{false};
  std::thread thread;

  ~Lane() {
    cancelled = true;
    {
      std::lock_guard<std::mutex> lock(mutex);
      closed = true;
    }
    wake.notify_all();
    if (thread.joinable()) thread.join();
  }
};

ArtifactCourier::ArtifactCourier(Parts parts)
    : parts_(std::move(parts)), done_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

ArtifactCourier::~ArtifactCourier() {
  for (auto& [key, lane] : lanes_) lane->cancelled = true;
  lanes_.clear();
  close(done_fd_);
}

ArtifactCourier::Lane& ArtifactCourier::LaneOf(const RankKey& key) {
  std::unique_ptr<Lane>& lane = lanes_[key];
  if (lane == nullptr) {
    lane = std::make_unique<Lane>();
    lane->key = key;
    parts_.cache->Enter(key);
    lane->thread = std::thread([this, lane = lane.get()] { Run(*lane); });
  }
  return *lane;
}

void ArtifactCourier::Fetch(const RankKey& key, v1::Task task) {
  Lane& lane = LaneOf(key);
  {
    std::lock_guard<std::mutex> lock(lane.mutex);
    lane.waiting.push_back({key, absl::OkStatus(), std::move(task), {}, true, absl::Now()});
  }
  lane.wake.notify_all();
}

void ArtifactCourier::Deliver(const RankKey& key, v1::RunnerEvent event) {
  Lane& lane = LaneOf(key);
  {
    std::lock_guard<std::mutex> lock(lane.mutex);
    ++delivering_[key];
    if (event.has_checkpoint()) {
      for (auto at = lane.waiting.begin(); at != lane.waiting.end();) {
        const bool older = !at->is_fetch && at->event.has_checkpoint();
        if (older) --delivering_[key];
        at = older ? lane.waiting.erase(at) : at + 1;
      }
    }
    lane.waiting.push_back({key, absl::OkStatus(), {}, std::move(event), false, absl::Now()});
  }
  lane.wake.notify_all();
}

void ArtifactCourier::Cancel(const RankKey& key) {
  auto found = lanes_.find(key);
  if (found != lanes_.end()) found->second->cancelled = true;
}

void ArtifactCourier::Forget(const RankKey& key) {
  lanes_.erase(key);
  delivering_.erase(key);
  parts_.cache->Leave(key);
}

bool ArtifactCourier::Delivers(const RankKey& key) const {
  auto found = delivering_.find(key);
  return found != delivering_.end() && found->second > 0;
}

std::vector<ArtifactCourier::Finished> ArtifactCourier::TakeFinished() {
  eventfd_t ignored;
  eventfd_read(done_fd_, &ignored);
  std::vector<Finished> all;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    all.swap(finished_);
  }
  // A rank that was forgotten meanwhile is nobody's.
  std::vector<Finished> known;
  for (Finished& one : all) {
    if (lanes_.count(one.key) == 0) continue;
    if (!one.is_fetch) --delivering_[one.key];
    known.push_back(std::move(one));
  }
  return known;
}

void ArtifactCourier::Finish(Finished finished) {
  std::lock_guard<std::mutex> lock(mutex_);
  finished_.push_back(std::move(finished));
  eventfd_write(done_fd_, 1);
}

// --- On the lanes' threads
// ----------------------------------------------------------------------------------

void ArtifactCourier::Run(Lane& lane) {
  while (true) {
    Finished work;
    {
      std::unique_lock<std::mutex> lock(lane.mutex);
      lane.wake.wait(lock, [&] { return lane.closed || !lane.waiting.empty(); });
      if (lane.closed) return;
      work = std::move(lane.waiting.front());
      lane.waiting.pop_front();
    }
    if (lane.cancelled) {
      work.status = absl::CancelledError("stopped");
    } else {
      work.status = work.is_fetch ? FetchAll(lane, work.task) : DeliverOne(lane, work);
    }
    Finish(std::move(work));
  }
}

TransferOptions ArtifactCourier::OptionsOf(Lane& lane) const {
  TransferOptions options = parts_.transfer;
  options.cancelled = [&lane] { return lane.cancelled.load(); };
  options.progress = [](uint64_t, uint64_t) {};
  return options;
}

absl::Status ArtifactCourier::FetchOne(Lane& lane, const std::string& id, const TransferOptions& options) {
  absl::StatusOr<v1::Manifest> manifest = FetchArtifact(id, *parts_.blobs, *parts_.partial, options);
  if (!manifest.ok()) return manifest.status();
  parts_.cache->UseFor(lane.key, id, *manifest);
  return absl::OkStatus();
}

void ArtifactCourier::TrimCache() {
  absl::Status trimmed = parts_.cache->Trim();
  if (!trimmed.ok()) AgentLog(absl::StrCat("cache not trimmed: ", trimmed.message()));
}

absl::Status ArtifactCourier::FetchAll(Lane& lane, v1::Task& task) {
  // Each artifact says how far it is; a person sees their sum.
  struct Sum {
    uint64_t before = 0, total_before = 0;  // of artifacts that are here
    uint64_t done = 0, total = 0;           // of the one that comes
    absl::Time said = absl::InfinitePast();
  } sum;
  TransferOptions options = OptionsOf(lane);
  options.progress = [&](uint64_t done, uint64_t total) {
    sum.done = done;
    sum.total = total;
    if (absl::Now() - sum.said < kProgressInterval) return;
    sum.said = absl::Now();
    parts_.progress(lane.key, sum.before + done, sum.total_before + total);
  };
  const auto fetch = [&](const std::string& id) {
    absl::Status status = FetchOne(lane, id, options);
    sum.before += std::exchange(sum.done, 0);
    sum.total_before += std::exchange(sum.total, 0);
    return status;
  };
  for (const v1::ResolvedInput& input : task.inputs()) {
    absl::Status fetched = fetch(input.artifact_id());
    if (!fetched.ok()) {
      return absl::Status(fetched.code(), absl::StrCat("input ", input.field(), ": ", fetched.message()));
    }
  }
  const google::protobuf::RepeatedPtrField<v1::Checkpoint> offered = task.resume();
  task.clear_resume();
  for (const v1::Checkpoint& checkpoint : offered) {
    absl::Status fetched = fetch(checkpoint.manifest_id());
    if (fetched.ok()) {
      *task.add_resume() = checkpoint;
      break;
    }
    // Only what the coordinator itself does not have whole is passed over, so that all ranks pass over the
    // same.
    if (!absl::IsNotFound(fetched) && !absl::IsDataLoss(fetched)) {
      return absl::Status(fetched.code(),
                          absl::StrCat("checkpoint of step ", checkpoint.step(), ": ", fetched.message()));
    }
    AgentLog(absl::StrCat(ToString(lane.key), ": checkpoint of step ", checkpoint.step(),
                          " is passed over: ", fetched.message()));
  }
  TrimCache();
  return absl::OkStatus();
}

absl::Status ArtifactCourier::DeliverOne(Lane& lane, const Finished& delivery) {
  const std::string& id = ManifestOf(delivery.event);
  absl::Status pushed = PushArtifact(id, *parts_.blobs, OptionsOf(lane));
  if (!pushed.ok()) return pushed;
  absl::StatusOr<v1::Manifest> manifest = GetManifest(*parts_.blobs, id);
  if (manifest.ok()) parts_.cache->Use(id, *manifest, delivery.asked);
  TrimCache();
  return absl::OkStatus();
}

}  // namespace bonsai
