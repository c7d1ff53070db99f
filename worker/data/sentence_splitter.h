// Text cut into the sentences that a tokenizer is trained on: lines, and pieces of lines that are too long.
//
// A pure function; safe from any thread.
#ifndef BONSAI_WORKER_DATA_SENTENCE_SPLITTER_H_
#define BONSAI_WORKER_DATA_SENTENCE_SPLITTER_H_

#include <cstddef>
#include <functional>

#include "absl/strings/string_view.h"

namespace bonsai {

// Calls `take` with each line of `text` that is not empty, without its newline. A line of more than
// `bytes_max` bytes (at least 4) is cut at its last space that allows it (the space is dropped, since a
// tokenizer puts one in front of each sentence), or else between two characters.
void SplitSentences(absl::string_view text, size_t bytes_max,
                    const std::function<void(absl::string_view)>& take);

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_SENTENCE_SPLITTER_H_
