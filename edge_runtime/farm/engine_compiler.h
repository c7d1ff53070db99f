// Compiles the engine's sources for a target into one static executable, the same bytes each time.
//
// Called by the build runner. Files go into its work folder.
#ifndef BONSAI_EDGE_RUNTIME_FARM_ENGINE_COMPILER_H_
#define BONSAI_EDGE_RUNTIME_FARM_ENGINE_COMPILER_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bonsai/v1/target.pb.h"
#include "edge_runtime/farm/engine_sources.h"

namespace bonsai {

class EngineCompiler {
 public:
  // Runs up to `parallel` compilers at once. `stop` says whether to give up; `progress` is called, by one
  // thread at a time, with the number of sources compiled.
  EngineCompiler(v1::Target target, std::string work_dir, int parallel, std::function<bool()> stop,
                 std::function<void(size_t compiled, size_t total)> progress)
      : target_(std::move(target)),
        work_dir_(std::move(work_dir)),
        parallel_(parallel),
        stop_(std::move(stop)),
        progress_(std::move(progress)) {}

  // The compiler's version: the first line of what `--version` prints. FailedPrecondition if there is no such
  // compiler, with the Debian package that has it.
  absl::StatusOr<std::string> Version();

  // Compiles and links. Returns the executable's path. FailedPrecondition with the compiler's messages if a
  // source does not compile; Cancelled.
  absl::StatusOr<std::string> Compile(const EngineSources& sources);

 private:
  absl::Status RunCompiler(const EngineSources* sources, const std::vector<std::string>& arguments,
                           const std::string& log_name);
  absl::Status CompileAll(const EngineSources& sources, const std::vector<std::string>& objects);

  const v1::Target target_;
  const std::string work_dir_;
  const int parallel_;
  const std::function<bool()> stop_;
  const std::function<void(size_t, size_t)> progress_;
};

// The Debian package that holds a compiler: "g++-12-riscv64-linux-gnu" for "riscv64-linux-gnu-g++-12", "g++"
// for "g++".
std::string CompilerPackage(const std::string& compiler);

}  // namespace bonsai

#endif  // BONSAI_EDGE_RUNTIME_FARM_ENGINE_COMPILER_H_
