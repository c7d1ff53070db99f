#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "edge_runtime/model/byte_level_vocabulary.h"
#include "edge_runtime/model/tokenizer.h"

namespace bonsai::edge {
namespace {

std::unique_ptr<Tokenizer> Parse(std::string_view json) {
  std::string error;
  return Tokenizer::Parse({reinterpret_cast<const uint8_t*>(json.data()), json.size()}, &error);
}

// Bytes, and merges that overlap one another.
std::unique_ptr<Tokenizer> SmallTokenizer() {
  ByteLevelVocabulary vocabulary;
  for (int byte = 0; byte < 256; ++byte)
    vocabulary.pieces.push_back({std::string(1, static_cast<char>(byte)), false});
  const auto merge = [&](int32_t left, int32_t right) {
    const auto& pieces = vocabulary.pieces;
    const int32_t made = static_cast<int32_t>(pieces.size());
    vocabulary.pieces.push_back(
        {pieces[static_cast<size_t>(left)].bytes + pieces[static_cast<size_t>(right)].bytes, false});
    vocabulary.merges.push_back({left, right, made});
    return made;
  };
  const int32_t ab = merge('a', 'b');
  merge('b', 'a');
  merge(ab, ab);
  merge(' ', ab);
  merge(0xE4, 0xBD);
  merge(0xFF, 0xFF);
  vocabulary.pieces.push_back({"<s>", true});
  return Parse(WriteTokenizerJson(vocabulary));
}

void ExpectRoundTrip(const Tokenizer& tokenizer, const std::string& text) {
  const std::vector<int32_t> ids = tokenizer.Encode(text);
  for (const int32_t id : ids) {
    if (id < 0 || id >= tokenizer.vocab_size()) std::abort();
  }
  if (tokenizer.Decode(ids) != text) std::abort();
}

}  // namespace
}  // namespace bonsai::edge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using bonsai::edge::Tokenizer;
  static const std::unique_ptr<Tokenizer> small = bonsai::edge::SmallTokenizer();
  const std::string input(reinterpret_cast<const char*>(data), size);
  bonsai::edge::ExpectRoundTrip(*small, input);
  // As a file, and after it a text to tokenize.
  const size_t end = std::min(input.rfind('}') + 1, input.size());
  const std::string text = input.substr(end);
  if (const auto tokenizer = bonsai::edge::Parse(std::string_view(input).substr(0, end));
      tokenizer != nullptr)
    bonsai::edge::ExpectRoundTrip(*tokenizer, text);
  bonsai::edge::ByteLevelVocabulary vocabulary;
  std::string error;
  bonsai::edge::ReadGpt2Files(input.substr(0, end), text, &vocabulary, &error);
  return 0;
}
