#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "edge_runtime/model/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // The input is a model file and, after it, a text to tokenize.
  std::string error;
  const size_t text_bytes = std::min<size_t>(size / 4, 64);
  const std::span<const uint8_t> model(data, size - text_bytes);
  const std::string text(reinterpret_cast<const char*>(data) + size - text_bytes, text_bytes);
  for (const auto& tokenizer : {bonsai::edge::Tokenizer::Parse(model, &error),
                                bonsai::edge::Tokenizer::ParseLlama2c(model, 259, &error)}) {
    if (tokenizer == nullptr) continue;
    const auto ids = tokenizer->Encode(text);
    for (const int32_t id : ids) {
      if (id < 0 || id >= tokenizer->vocab_size()) std::abort();
    }
    bonsai::edge::StreamedText streamed;
    for (const int32_t id : ids) tokenizer->Append(id, &streamed);
    if (streamed.text() != tokenizer->Decode(ids)) std::abort();
  }
  return 0;
}
