// Which file of an artifact is its tokenizer: tokenizer.model of SentencePiece's models, tokenizer.json of
// byte-level ones. Tokenizers, tokens, models and exports have one of the two.
//
// Called by whatever runner takes one of those. A pure function.
#ifndef BONSAI_STORAGE_TOKENIZER_FILE_H_
#define BONSAI_STORAGE_TOKENIZER_FILE_H_

#include <string>

#include "bonsai/v1/artifact.pb.h"

namespace bonsai {

// "tokenizer.json" if the manifest has that file, otherwise "tokenizer.model", whether it has that or not.
std::string TokenizerFileName(const v1::Manifest& manifest);

}  // namespace bonsai

#endif  // BONSAI_STORAGE_TOKENIZER_FILE_H_
