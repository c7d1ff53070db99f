#include "evaluator/evaluation_progress.h"

namespace bonsai {

absl::Status EvaluationProgress::Update(uint64_t done) {
  if (context_.StopRequested()) return absl::CancelledError("asked to stop");
  if (!known_) known_ = done;
  const auto now = std::chrono::steady_clock::now();
  if (done < total_ && now - last_ < std::chrono::milliseconds(500)) return absl::OkStatus();
  last_ = now;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double fresh = static_cast<double>(done - *known_);
  const double eta = done == *known_ ? -1 : elapsed / fresh * static_cast<double>(total_ - done);
  context_.ReportProgress(done, total_, "requests", eta);
  return absl::OkStatus();
}

}  // namespace bonsai
