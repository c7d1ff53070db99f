// UTF-8 of text from outside. Bonsai's policy: what is not UTF-8 becomes U+FFFD, and is counted in the report
// of the job that read it; so that one bad byte does not lose a file, and nobody is left to guess.
//
// A pure function; safe from any thread.
#ifndef BONSAI_WORKER_DATA_UTF8_REPAIR_H_
#define BONSAI_WORKER_DATA_UTF8_REPAIR_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace bonsai {

// Replaces each byte that is part of no UTF-8 character (overlong forms, surrogates and code points above
// U+10FFFF are none) by U+FFFD. Returns how many were replaced; if none, *repaired is not touched.
uint64_t RepairUtf8(absl::string_view text, std::string* repaired);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_UTF8_REPAIR_H_
