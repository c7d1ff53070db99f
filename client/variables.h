// Variables in pipeline files: ${name} and ${name:-default}, given by `--set name=value`.
//
// Called by PipelineFile. Pure functions.
#ifndef BONSAI_CLIENT_VARIABLES_H_
#define BONSAI_CLIENT_VARIABLES_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

// Text in which variables were replaced, and where: so that an error in it can be shown where the user wrote
// it.
struct ExpandedText {
  // On one line; columns and sizes in bytes, from 0.
  struct Replacement {
    size_t line;
    size_t begin, size;                    // in `text`
    size_t original_begin, original_size;  // in the file
  };
  std::string text;
  std::vector<Replacement> replacements;

  // The column in the file of a column of `text`. Both from 0, in bytes.
  size_t OriginalColumn(size_t line, size_t column) const;
};

// Replaces variables outside of comments. A value inside quotes is escaped, so that it arrives as it was
// given; a value outside of them must be one word (a number or a name). "$${" stands for "${".
// InvalidArgument, with one line per problem ("FILE:LINE:COLUMN: ..."): a variable that nothing sets, one
// that does not end, a setting that the text does not use.
absl::StatusOr<ExpandedText> ReplaceVariables(absl::string_view text, absl::string_view file,
                                              const std::map<std::string, std::string>& settings);

// Whether this can be a variable's name: [A-Za-z_][A-Za-z0-9_]*.
bool IsVariableName(absl::string_view name);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_VARIABLES_H_
