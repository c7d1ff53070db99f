#include "evaluator/sandbox/python_code_judge.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"

namespace bonsai {
namespace {

constexpr char kExaminer[] =
#include "evaluator/sandbox/examiner.inc"
    ;
constexpr size_t kWhyBytesMax = 100;

SandboxTask TaskFor(const CodeProgram& program, const SandboxLimits& limits) {
  return {.script = kExaminer,
          .input = absl::StrCat(program.program.size(), " ", program.entry_point.size(), " ",
                                program.setup.size(), " ", program.test.size(), "\n", program.program,
                                program.entry_point, program.setup, program.test),
          .limits = limits};
}

CodeVerdict VerdictOf(const SandboxEnd& end) {
  if (end.timed_out) return {false, "out of time"};
  if (end.exit_code != 0) return {false, absl::StrCat("the examination ended with code ", end.exit_code)};
  if (end.report == "passed") return {true, "passed"};
  std::string why = end.report.substr(0, kWhyBytesMax);
  std::replace_if(
      why.begin(), why.end(), [](unsigned char c) { return !absl::ascii_isprint(c); }, '?');
  return {false, why.empty() ? "the examination ended without a verdict" : why};
}

// The programs of one call, shared by its threads.
class Work {
 public:
  Work(Sandbox& sandbox, const SandboxLimits& limits, std::span<const CodeProgram> programs)
      : sandbox_(sandbox), limits_(limits), programs_(programs), verdicts_(programs.size()) {}

  // Judges one program after another until there are no more.
  void Run() {
    while (const std::optional<size_t> index = Next()) {
      const absl::StatusOr<SandboxEnd> end = sandbox_.Run(TaskFor(programs_[*index], limits_));
      absl::MutexLock lock(&mutex_);
      if (end.ok()) {
        verdicts_[*index] = VerdictOf(*end);
      } else {
        status_.Update(end.status());
      }
      ++done_;
    }
  }

  // Waits until more than `done` programs are judged, or none will be any more.
  uint64_t AwaitMore(uint64_t done) {
    absl::MutexLock lock(&mutex_);
    const auto more = [&] { return done_ > done || !status_.ok(); };
    mutex_.Await(absl::Condition(&more));
    return done_;
  }

  void Stop(const absl::Status& status) {
    absl::MutexLock lock(&mutex_);
    status_.Update(status);
  }
  bool stopped() {
    absl::MutexLock lock(&mutex_);
    return !status_.ok();
  }

  absl::StatusOr<std::vector<CodeVerdict>> Take() {
    absl::MutexLock lock(&mutex_);
    if (!status_.ok()) return status_;
    return std::move(verdicts_);
  }

 private:
  std::optional<size_t> Next() {
    absl::MutexLock lock(&mutex_);
    if (!status_.ok() || next_ == programs_.size()) return std::nullopt;
    return next_++;
  }

  Sandbox& sandbox_;
  const SandboxLimits& limits_;
  const std::span<const CodeProgram> programs_;
  absl::Mutex mutex_;
  size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::vector<CodeVerdict> verdicts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

absl::StatusOr<std::vector<CodeVerdict>> PythonCodeJudge::JudgeAll(std::span<const CodeProgram> programs,
                                                                   const CodeProgress& progress) {
  Work work(sandbox_, limits_, programs);
  std::vector<std::thread> threads;
  for (int i = 0; i < threads_; ++i) threads.emplace_back([&work] { work.Run(); });
  for (uint64_t done = 0; done < programs.size() && !work.stopped();) {
    done = work.AwaitMore(done);
    if (absl::Status status = progress(done); !status.ok()) work.Stop(status);
  }
  for (std::thread& thread : threads) thread.join();
  return work.Take();
}

}  // namespace bonsai
