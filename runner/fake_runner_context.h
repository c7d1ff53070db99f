// A RunnerContext for tests of runners: a DirectoryBlobStore in a temporary folder, inputs that a test makes
// up, and everything that the runner reported, kept for the test to look at.
//
// Used by runners' tests only. Safe for concurrent use, as RunnerContext is.
#ifndef BONSAI_RUNNER_FAKE_RUNNER_CONTEXT_H_
#define BONSAI_RUNNER_FAKE_RUNNER_CONTEXT_H_

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runner/store_runner_context.h"
#include "storage/directory_blob_store.h"

namespace bonsai {

class FakeRunnerContext : public StoreRunnerContext {
 public:
  // A fresh folder below `parent` (testing::TempDir() in a test) with storage/, work/ and rendezvous/; the
  // task is rank 0 of 1 of attempt 1 of job "p1/job". Two contexts of one `storage_dir` share their blobs, as
  // two jobs do.
  static std::unique_ptr<FakeRunnerContext> Create(const std::string& parent,
                                                   const std::string& storage_dir = "");
  ~FakeRunnerContext() override;

  // Set the spec, ranks, device, share_dir, ... before the runner reads them.
  v1::Task& mutable_task() { return task_; }

  // Stores an artifact with these files (path to bytes) and properties, and names it as the input `field`.
  std::string AddInput(absl::string_view field, absl::string_view kind,
                       const std::map<std::string, std::string>& files,
                       const std::map<std::string, std::string>& properties = {});
  // Names an artifact that is in the store already as the input `field`.
  void AddInputId(absl::string_view field, absl::string_view id);
  // Lists a checkpoint to resume from, behind those listed before (the task lists the newest first).
  void AddResume(absl::string_view manifest_id, uint64_t step);

  // From now on StopRequested() is true.
  void RequestStop() { stop_ = true; }
  // StopRequested() turns true once progress or a sample of this step, or a later one, is reported.
  void RequestStopAtStep(uint64_t step);

  // What was reported so far, in order.
  std::vector<v1::Progress> progress() const;
  std::vector<v1::Sample> samples() const;
  std::vector<v1::CheckpointWritten> checkpoints() const;
  // The output's manifest. FailedPrecondition if there is none.
  absl::StatusOr<v1::Manifest> Output();
  // The bytes of a file of the output.
  absl::StatusOr<std::string> OutputFile(absl::string_view path);

  bool StopRequested() const override { return stop_; }

 protected:
  void Emit(const v1::RunnerEvent& event) override;

 private:
  FakeRunnerContext(std::string dir, v1::Task task, std::unique_ptr<DirectoryBlobStore> store);

  const std::string dir_;
  const std::unique_ptr<DirectoryBlobStore> store_;
  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> stop_at_step_ = UINT64_MAX;
  mutable std::mutex events_mutex_;
  std::vector<v1::RunnerEvent> events_;
};

}  // namespace bonsai

#endif  // BONSAI_RUNNER_FAKE_RUNNER_CONTEXT_H_
