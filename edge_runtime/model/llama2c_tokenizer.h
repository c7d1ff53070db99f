// llama2.c's tokenizer.bin: the pieces with their scores, spaces in place of U+2581. Export writes it;
// Tokenizer::ParseLlama2c reads it. Pure functions.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_LLAMA2C_TOKENIZER_H_
#define BONSAI_EDGE_RUNTIME_MODEL_LLAMA2C_TOKENIZER_H_

#include <string>

#include "edge_runtime/model/tokenizer.h"

namespace bonsai::edge {

// The whole file, byte for byte as llama2.c's own exporter writes it.
std::string WriteLlama2cTokenizer(const Tokenizer& tokenizer);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_LLAMA2C_TOKENIZER_H_
