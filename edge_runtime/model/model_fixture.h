// A small random Llama with a tokenizer, made in memory for tests: what a "model" artifact holds.
// Deterministic.
#ifndef BONSAI_EDGE_RUNTIME_MODEL_MODEL_FIXTURE_H_
#define BONSAI_EDGE_RUNTIME_MODEL_MODEL_FIXTURE_H_

#include <cstdint>
#include <map>
#include <string>

#include "edge_runtime/model/config.h"

namespace bonsai::edge {

// 2 layers of width 16 with grouped queries; the vocabulary is FixtureTokenizer's.
ModelConfig FixtureConfig();

// A tokenizer.model: <unk>, <s>, </s>, the 256 byte pieces, and "▁" and "▁A" to "▁E" as pieces of their own.
// 265 pieces.
std::string FixtureTokenizer();

// A model.safetensors with every tensor of the config, F32, drawn from the seed.
std::string FixtureWeights(const ModelConfig& config, uint32_t seed);

// A tokenizer.json of the same BOS and EOS: byte-level, the 256 bytes and "th" and "the".
std::string FixtureTokenizerJson();

// "config.json", "model.safetensors" and "tokenizer.model".
std::map<std::string, std::string> FixtureFiles(const ModelConfig& config, uint32_t seed);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_MODEL_MODEL_FIXTURE_H_
