#include <cstdint>
#include <cstdlib>

#include "edge_runtime/model/word_split.h"

// Words make up the text, and each of them alone is one word: that is what lets a cache hold them.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  while (!text.empty()) {
    const size_t bytes = bonsai::edge::FirstWord(text);
    if (bytes == 0 || bytes > text.size()) std::abort();
    if (bonsai::edge::FirstWord(text.substr(0, bytes)) != bytes) std::abort();
    text.remove_prefix(bytes);
  }
  return 0;
}
