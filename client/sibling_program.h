// Verbs that are programs of their own, installed beside `bonsai`: for what the client may not depend on.
//
// Called by such verbs. One thread.
#ifndef BONSAI_CLIENT_SIBLING_PROGRAM_H_
#define BONSAI_CLIENT_SIBLING_PROGRAM_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/session.h"

namespace bonsai {

// Becomes the program `name` of this installation ("bonsai-simulate"), with these arguments: its output and
// exit code are the verb's. Returns only if that cannot be: NotFound.
absl::Status BecomeSibling(const std::string& name, const std::vector<std::string>& arguments,
                           Session& session);

// Runs it beside this one, with the same output, and waits: its exit code. NotFound: it cannot be run;
// Internal: a signal ended it.
absl::StatusOr<int> RunSibling(const std::string& name, const std::vector<std::string>& arguments,
                               Session& session);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_SIBLING_PROGRAM_H_
