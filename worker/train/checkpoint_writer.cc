#include "worker/train/checkpoint_writer.h"

#include <cstdio>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace bonsai {

CheckpointWriter::CheckpointWriter(RunnerContext& context, std::string fingerprint)
    : context_(context), fingerprint_(std::move(fingerprint)) {}

CheckpointWriter::~CheckpointWriter() { (void)Finish(); }

void CheckpointWriter::Store() {
  last_ = SaveCheckpoint(context_, fingerprint_, snapshot_);
  if (last_.ok()) return;
  // Training goes on: an older checkpoint, or the end of the run, will do as well.
  std::fprintf(stderr, "checkpoint at step %llu was not written: %s\n",
               static_cast<unsigned long long>(snapshot_.step), std::string(last_.message()).c_str());
}

double CheckpointWriter::Begin(const TrainState& state) {
  const absl::Time before = absl::Now();
  (void)Finish();
  snapshot_ = state;
  thread_ = std::thread([this] { Store(); });
  return absl::ToDoubleSeconds(absl::Now() - before);
}

absl::Status CheckpointWriter::Finish() {
  if (thread_.joinable()) thread_.join();
  return last_;
}

}  // namespace bonsai
