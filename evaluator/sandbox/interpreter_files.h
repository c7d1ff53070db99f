// The files of this machine that a Python interpreter needs: itself, its standard library, and the shared
// libraries that both load. They are all that a sandbox shows, read-only.
//
// Called once by BubblewrapSandbox.
#ifndef BONSAI_EVALUATOR_SANDBOX_INTERPRETER_FILES_H_
#define BONSAI_EVALUATOR_SANDBOX_INTERPRETER_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace bonsai {

struct InterpreterFiles {
  std::string program;  // without symbolic links: "/usr/bin/python3.11"
  std::vector<std::string>
      paths;  // files and folders, each to be shown under its own name; program among them
};

// Asks the interpreter itself, which is trusted. FailedPrecondition if `python` does not run or says nothing
// sensible.
absl::StatusOr<InterpreterFiles> FindInterpreterFiles(const std::string& python);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SANDBOX_INTERPRETER_FILES_H_
