// Judges Python programs as HumanEval does: program, tests, check(entry point), three seconds; each in a
// sandbox of its own with a fresh interpreter, several at a time.
//
// The published rule runs program and tests in one process. Here they are two (examiner.py), so that a
// program can neither see the tests nor say that it passed: the verdict is written by a process that has
// never held anything of the program's but plain data, over a descriptor that the program's process does not
// have. A result that is no plain data (numbers, strings, containers, iterators of these) equals nothing. The
// three seconds are processor time, so that a verdict does not depend on what else the machine does; a
// program that sleeps instead has the wall clock's limit, which is longer.
//
// Made once by the evaluation runner; one call at a time.
#ifndef BONSAI_EVALUATOR_SANDBOX_PYTHON_CODE_JUDGE_H_
#define BONSAI_EVALUATOR_SANDBOX_PYTHON_CODE_JUDGE_H_

#include <span>
#include <vector>

#include "evaluator/code_judge.h"
#include "evaluator/sandbox/sandbox.h"

namespace bonsai {

class PythonCodeJudge : public CodeJudge {
 public:
  // `sandbox` outlives this. threads > 0.
  PythonCodeJudge(Sandbox& sandbox, int threads, const SandboxLimits& limits = {})
      : sandbox_(sandbox), threads_(threads), limits_(limits) {}

  absl::StatusOr<std::vector<CodeVerdict>> JudgeAll(std::span<const CodeProgram> programs,
                                                    const CodeProgress& progress) override;

 private:
  Sandbox& sandbox_;
  const int threads_;
  const SandboxLimits limits_;
};

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SANDBOX_PYTHON_CODE_JUDGE_H_
