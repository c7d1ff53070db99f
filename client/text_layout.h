// Fits text into columns of a terminal: widths in characters, cutting, padding, wrapping, and making what a
// peer sent safe to print.
//
// Called by everything that renders for people. Pure functions; a character is a UTF-8 code point, one column
// wide.
#ifndef BONSAI_CLIENT_TEXT_LAYOUT_H_
#define BONSAI_CLIENT_TEXT_LAYOUT_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace bonsai {

// Columns that the text takes.
size_t DisplayWidth(absl::string_view text);

// The text without control characters (a terminal would obey them): newlines and tabs become a space, others
// '?'.
std::string Printable(absl::string_view text);

// At most `width` columns; what was cut ends in "..." (where there is room for it).
std::string CutToWidth(absl::string_view text, size_t width);

// Spaces added up to `width` columns, behind the text or, if `right`, before it. Longer text is left as it
// is.
std::string PadToWidth(absl::string_view text, size_t width, bool right = false);

// Lines of at most `width` columns (at least 1), broken at spaces, or inside a word that is longer than a
// line. Newlines in the text are kept. At least one line.
std::vector<std::string> WrapText(absl::string_view text, size_t width);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_TEXT_LAYOUT_H_
