#include "worker/data/sentence_splitter.h"

#include "absl/strings/str_split.h"

namespace bonsai {

void SplitSentences(absl::string_view text, size_t bytes_max,
                    const std::function<void(absl::string_view)>& take) {
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    while (line.size() > bytes_max) {
      size_t cut = line.rfind(' ', bytes_max);
      size_t skipped = 1;
      if (cut == absl::string_view::npos || cut == 0) {
        cut = bytes_max;
        skipped = 0;
        while (cut > 1 && (static_cast<uint8_t>(line[cut]) & 0xC0) == 0x80) --cut;
      }
      take(line.substr(0, cut));
      line.remove_prefix(cut + skipped);
    }
    if (!line.empty()) take(line);
  }
}

}  // namespace bonsai
