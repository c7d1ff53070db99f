// Files named by a pattern: '*' stands for any characters and '?' for one, within one folder's names.
//
// Called by the data runner. A function without state; safe from any thread.
#ifndef BONSAI_WORKER_DATA_PATH_PATTERN_H_
#define BONSAI_WORKER_DATA_PATH_PATTERN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

// More files than this are refused.
inline constexpr size_t kPatternFilesMax = 100000;

// Whether '*' and '?' in `pattern` can stand for parts of `name`. Every other character stands for itself.
bool MatchesPattern(absl::string_view pattern, absl::string_view name);

// The files (not folders) that `pattern` names, sorted by path, byte by byte. A name that starts with '.' is
// matched only by a pattern that starts with '.'. Without '*' and '?', the file itself. Errors: NotFound if
// there is none, names the pattern and, for a relative one, the folder it was looked up in; InvalidArgument
// for an empty pattern; ResourceExhausted beyond kPatternFilesMax.
absl::StatusOr<std::vector<std::string>> ListMatchingFiles(const std::string& pattern);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_PATH_PATTERN_H_
