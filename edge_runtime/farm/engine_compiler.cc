#include "edge_runtime/farm/engine_compiler.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "runner/child_process.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr size_t kLogBytesMax = 4 << 20;
constexpr size_t kLogShownBytes = 2000;
constexpr absl::Duration kTimeout = absl::Minutes(10);

}  // namespace

std::string CompilerPackage(const std::string& compiler) {
  const std::string name = compiler.substr(compiler.rfind('/') + 1);
  const size_t cut = name.find("-g++");
  if (cut == std::string::npos) return name;
  return absl::StrCat(name.substr(cut + 1), "-", name.substr(0, cut));
}

absl::Status EngineCompiler::RunCompiler(const EngineSources* sources,
                                         const std::vector<std::string>& arguments,
                                         const std::string& log_name) {
  ChildOptions options;
  options.argv = {target_.compiler()};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  if (sources != nullptr) options.work_dir = sources->folder;
  options.stdout_path = absl::StrCat(work_dir_, "/", log_name, ".out");
  options.stderr_path = absl::StrCat(work_dir_, "/", log_name, ".log");
  // Nothing of the builder's environment, neither locale nor time, gets into the result.
  options.environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "SOURCE_DATE_EPOCH=0",
                         "TMPDIR=" + work_dir_};
  options.timeout = kTimeout;
  options.stop = stop_;
  absl::StatusOr<ChildExit> exit = RunChild(options);
  if (absl::IsNotFound(exit.status())) {
    return absl::FailedPreconditionError(absl::StrCat(
        "target ", target_.name(), " needs the compiler ", target_.compiler(),
        ", which is not installed; Debian's package ", CompilerPackage(target_.compiler()), " has it"));
  }
  if (!exit.ok()) return exit.status();
  if (exit->exit_code == 0) return absl::OkStatus();
  absl::StatusOr<std::string> log = ReadFileBytes(options.stderr_path, kLogBytesMax);
  return absl::FailedPreconditionError(
      absl::StrCat(target_.compiler(), " ", log_name, exit->timed_out ? " took too long" : " failed", ": ",
                   log.ok() ? log->substr(0, kLogShownBytes) : std::string(log.status().message())));
}

absl::StatusOr<std::string> EngineCompiler::Version() {
  if (absl::Status ran = RunCompiler(nullptr, {"--version"}, "version"); !ran.ok()) return ran;
  absl::StatusOr<std::string> text = ReadFileBytes(work_dir_ + "/version.out", kLogBytesMax);
  if (!text.ok()) return text;
  return text->substr(0, text->find('\n'));
}

absl::Status EngineCompiler::CompileAll(const EngineSources& sources,
                                        const std::vector<std::string>& objects) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  size_t compiled = 0;       // guarded by mutex
  absl::Status first_error;  // guarded by mutex; the error of the first source, by order, that was seen
  const auto work = [&] {
    for (size_t i = next++; i < objects.size(); i = next++) {
      const std::string& source = sources.to_compile[i];
      std::vector<std::string> arguments(target_.compile_flags().begin(), target_.compile_flags().end());
      // Paths relative to the sources' root, and none of the machine's in the objects.
      for (const std::string& flag :
           {absl::StrCat("-ffile-prefix-map=", sources.folder, "=."), absl::StrCat("-frandom-seed=", source),
            std::string("-I."), std::string("-c"), source, std::string("-o"), objects[i]}) {
        arguments.push_back(flag);
      }
      absl::Status status = RunCompiler(&sources, arguments, absl::StrCat("object-", i));
      const std::lock_guard<std::mutex> lock(mutex);
      if (!first_error.ok()) return;
      if (!status.ok()) {
        first_error = absl::Status(status.code(), absl::StrCat(source, ": ", status.message()));
        return;
      }
      progress_(++compiled, objects.size());
    }
  };
  std::vector<std::thread> threads;
  const int count = std::min<int>(std::max(parallel_, 1), static_cast<int>(objects.size()));
  for (int i = 0; i < count; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  return first_error;
}

absl::StatusOr<std::string> EngineCompiler::Compile(const EngineSources& sources) {
  std::vector<std::string> objects;
  for (size_t i = 0; i < sources.to_compile.size(); ++i) {
    objects.push_back(absl::StrCat(work_dir_, "/object-", i, ".o"));
  }
  if (absl::Status compiled = CompileAll(sources, objects); !compiled.ok()) return compiled;
  const std::string executable = work_dir_ + "/bonsai-engine";
  std::vector<std::string> arguments = objects;
  arguments.insert(arguments.end(), target_.link_flags().begin(), target_.link_flags().end());
  for (const char* flag : {"-s", "-Wl,--build-id=none", "-o"}) arguments.push_back(flag);
  arguments.push_back(executable);
  if (absl::Status linked = RunCompiler(&sources, arguments, "link"); !linked.ok()) return linked;
  return executable;
}

}  // namespace bonsai
