#include "storage/tokenizer_file.h"

#include "storage/manifest.h"

namespace bonsai {

std::string TokenizerFileName(const v1::Manifest& manifest) {
  return FindFile(manifest, "tokenizer.json") != nullptr ? "tokenizer.json" : "tokenizer.model";
}

}  // namespace bonsai
