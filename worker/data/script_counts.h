// Which scripts text is written in, by the blocks of Unicode that its letters lie in: Latin, Han, or another.
// A script is not a language: what is Latin may be English or Vietnamese.
//
// Called by the data runner, one thread.
#ifndef BONSAI_WORKER_DATA_SCRIPT_COUNTS_H_
#define BONSAI_WORKER_DATA_SCRIPT_COUNTS_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace bonsai {

// Counts of characters. What is no letter (digits, marks, spaces, emoji, bytes that are not UTF-8) is not
// counted.
struct ScriptCounts {
  uint64_t latin = 0;
  uint64_t han = 0;
  uint64_t other = 0;  // letters of all other scripts: Cyrillic, Arabic, kana, Hangul, ...

  void Add(absl::string_view text);
  void Add(const ScriptCounts& counts);

  uint64_t letters() const { return latin + han + other; }
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_SCRIPT_COUNTS_H_
