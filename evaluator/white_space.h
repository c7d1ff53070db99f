// What Python calls white space in text (str.isspace, and \s in its regular expressions): the evaluation
// rules that others publish are written in its terms. Pure functions.
#ifndef BONSAI_EVALUATOR_WHITE_SPACE_H_
#define BONSAI_EVALUATOR_WHITE_SPACE_H_

#include <cstddef>
#include <vector>

#include "absl/strings/string_view.h"

namespace bonsai {

// Bytes of white space at the end of UTF-8 text: what str.rstrip removes.
size_t TrailingSpaceBytes(absl::string_view text);

// The text without white space at both ends: str.strip.
absl::string_view StripSpace(absl::string_view text);

// len(re.split(r"\s+", text)): one more than there are runs of white space, so "" has one word and " a "
// three.
size_t CountWords(absl::string_view text);

// The words between white space, none of them empty: str.split. They point into `text`.
std::vector<absl::string_view> SplitSpace(absl::string_view text);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_WHITE_SPACE_H_
