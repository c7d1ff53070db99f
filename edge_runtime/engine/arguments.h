// The command line of bonsai-engine. Pure: a function of the arguments.
#ifndef BONSAI_EDGE_RUNTIME_ENGINE_ARGUMENTS_H_
#define BONSAI_EDGE_RUNTIME_ENGINE_ARGUMENTS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "edge_runtime/engine/engine.h"
#include "edge_runtime/engine/sampler.h"

namespace bonsai::edge {

enum class Verb { kGenerate, kBench, kInfo, kHelp };

struct EngineArguments {
  Verb verb = Verb::kHelp;
  std::string model;   // a folder, or a llama2.c file that ends in .bin; empty: the bundle
  std::string bundle;  // empty: this executable
  std::string prompt;
  std::vector<int32_t> prompt_ids;  // in place of a prompt: exactly these tokens
  int32_t tokens = 128;             // to generate
  int32_t runs = 3;
  int32_t warmup = 1;
  int32_t threads = 1;
  KernelSet kernels = KernelSet::kAuto;
  SamplerOptions sampling;
  bool json = false;
};

// `words` are argv without the program's name. On failure returns false; *error is one line that names the
// argument, its value and what would be valid.
bool ParseArguments(std::span<const char* const> words, EngineArguments* arguments, std::string* error);

// What --help prints.
std::string UsageText();

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_ENGINE_ARGUMENTS_H_
