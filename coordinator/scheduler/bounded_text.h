// Text from outside, cut to a length that a record can hold.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_SCHEDULER_BOUNDED_TEXT_H_
#define BONSAI_COORDINATOR_SCHEDULER_BOUNDED_TEXT_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace bonsai {

inline constexpr size_t kTextBytesMax = 2048;

// The first kTextBytesMax bytes at most, cut between two characters of UTF-8.
inline absl::string_view BoundedText(absl::string_view text) {
  if (text.size() <= kTextBytesMax) return text;
  size_t size = kTextBytesMax;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_SCHEDULER_BOUNDED_TEXT_H_
