// kind build: compiles the engine for a target and appends the model: one static executable, a "bundle"
// artifact. The same sources, compiler and model give the same bytes.
//
// Run by bonsai-run-build. Reads share_dir/targets/<target>/target.textproto and share_dir/engine/.
#ifndef BONSAI_EDGE_RUNTIME_FARM_BUILD_RUNNER_H_
#define BONSAI_EDGE_RUNTIME_FARM_BUILD_RUNNER_H_

#include "absl/status/status.h"
#include "runner/runner.h"

namespace bonsai {

// Errors: InvalidArgument (an unknown target, with those that there are), FailedPrecondition (no compiler,
// with the package that has it; a source that does not compile; an executable for another machine, or one
// that is not static; a model without config.json, model.safetensors or tokenizer).
absl::Status RunBuild(RunnerContext& context);

}  // namespace bonsai

#endif  // BONSAI_EDGE_RUNTIME_FARM_BUILD_RUNNER_H_
