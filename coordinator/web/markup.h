// Text of others inside HTML, URLs, CSV and JSON, so that it stays text there. Called by everything that
// makes a page or an answer of the API.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_WEB_MARKUP_H_
#define BONSAI_COORDINATOR_WEB_MARKUP_H_

#include <string>

#include "absl/strings/string_view.h"

namespace bonsai {

// For text and for attribute values in double or single quotes.
std::string EscapeHtml(absl::string_view text);

// For one segment of a path, or a name or value of a query: all but letters, digits and "-_.~" as %XX.
std::string EscapeUrl(absl::string_view text);

// A field of RFC 4180, quoted where it has to be. What a spreadsheet would run as a formula (a text that
// begins with =, +, -, @ or a control character) gets a ' in front.
std::string CsvText(absl::string_view text);

// With its quotes. Bytes that JSON forbids, and those that HTML could take for markup, as \u00XX.
std::string JsonText(absl::string_view text);

// The shortest digits that read back as the same number, for CSV and JSON; "null" for what is not finite.
std::string JsonNumber(double value);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_MARKUP_H_
