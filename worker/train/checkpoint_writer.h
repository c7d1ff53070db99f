// Writes checkpoints beside the training: the state is copied, then a thread of its own stores it. One is
// under way at most; asking for the next waits for the one before, and that wait is reported.
//
// Used by the training thread.
#ifndef BONSAI_WORKER_TRAIN_CHECKPOINT_WRITER_H_
#define BONSAI_WORKER_TRAIN_CHECKPOINT_WRITER_H_

#include <string>
#include <thread>

#include "absl/status/status.h"
#include "runner/runner.h"
#include "worker/train/checkpoint.h"

namespace bonsai {

class CheckpointWriter {
 public:
  // The context outlives the writer.
  CheckpointWriter(RunnerContext& context, std::string fingerprint);
  // Waits for the checkpoint under way.
  ~CheckpointWriter();

  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  // Copies the state and begins to store it. Returns the seconds for which the caller was kept.
  double Begin(const TrainState& state);

  // Waits for the checkpoint under way. Returns the status of the last one, OK if there was none.
  absl::Status Finish();

 private:
  void Store();

  RunnerContext& context_;
  const std::string fingerprint_;
  TrainState snapshot_;  // the thread's while it runs
  absl::Status last_;    // the thread's while it runs
  std::thread thread_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_CHECKPOINT_WRITER_H_
