// The part of a RunnerContext that is the same for a real process and for tests: artifacts in a blob store,
// and events handed to whoever listens. Derived classes say where events go and whether to stop.
//
// Safe for concurrent use, as RunnerContext is; Emit is called from several threads.
#ifndef BONSAI_RUNNER_STORE_RUNNER_CONTEXT_H_
#define BONSAI_RUNNER_STORE_RUNNER_CONTEXT_H_

#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runner/runner.h"

namespace bonsai {

class StoreRunnerContext : public RunnerContext {
 public:
  // The store outlives the context.
  StoreRunnerContext(v1::Task task, BlobStore& blobs) : task_(std::move(task)), blobs_(blobs) {}

  const v1::Task& task() const override { return task_; }
  BlobStore& blobs() override { return blobs_; }
  absl::StatusOr<InputArtifact> Input(absl::string_view field) override;
  absl::StatusOr<std::string> InputPath(const InputArtifact& input, absl::string_view path) override;
  void ReportProgress(uint64_t step, uint64_t total_steps, absl::string_view unit,
                      double eta_seconds) override;
  void ReportSample(uint64_t step, const std::vector<std::pair<std::string, double>>& metrics) override;
  absl::StatusOr<std::string> PublishOutput(v1::Manifest manifest) override;
  absl::StatusOr<std::string> PublishCheckpoint(v1::Manifest manifest, uint64_t step) override;

  // The artifact that PublishOutput stored, or "".
  std::string output_id() const;

 protected:
  virtual void Emit(const v1::RunnerEvent& event) = 0;

  v1::Task task_;

 private:
  void FillLineage(v1::Manifest& manifest) const;

  BlobStore& blobs_;
  mutable std::mutex mutex_;
  std::set<std::string> verified_;  // blobs of inputs, read whole once
  std::string output_id_;
  bool has_checkpoint_ = false;
  uint64_t checkpoint_step_ = 0;
};

}  // namespace bonsai

#endif  // BONSAI_RUNNER_STORE_RUNNER_CONTEXT_H_
