// Suite files: one v1.Suite in protobuf's text format each. Installed ones lie in <share_dir>/suites and are
// named <suite>.<profile>.textproto; a user's own comes as a text document. Read by the evaluation runner.
// Safe to call from any thread.
#ifndef BONSAI_EVALUATOR_SUITES_SUITE_FILE_H_
#define BONSAI_EVALUATOR_SUITES_SUITE_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/suite.pb.h"

namespace bonsai {

inline constexpr size_t kSuiteBytesMax = size_t{1} << 20;

// Parses and checks a suite with all its subsets. `file` stands for the file in errors. InvalidArgument:
// "<file>:<line>:<column>: <what>" where the text is not a Suite, else "<file>: <field>: <what>".
absl::StatusOr<v1::Suite> ParseSuite(absl::string_view file, absl::string_view text);

// The installed suite of this name under this profile; an empty profile stands for a suite's only one.
// InvalidArgument lists the suites, or the suite's profiles, if there is none such; otherwise as ParseSuite,
// whose file's name must be the suite's.
absl::StatusOr<v1::Suite> LoadSuite(const std::string& folder, absl::string_view name,
                                    absl::string_view profile);

// Whether a suite of this name is installed, under any profile.
bool IsInstalled(const std::string& folder, absl::string_view name);

// The rules of one subset: the suite's own, with what the subset sets in their place. Without subsets, the
// suite itself.
v1::Suite RulesOfSubset(const v1::Suite& suite, absl::string_view subset);

// Every subset's name, in the file's order.
std::vector<std::string> SubsetNames(const v1::Suite& suite);

// SHA-256 of what the suite says, however its file is laid out.
std::string SuiteSha256(const v1::Suite& suite);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_SUITES_SUITE_FILE_H_
