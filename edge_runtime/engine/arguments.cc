#include "edge_runtime/engine/arguments.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace bonsai::edge {
namespace {

constexpr int32_t kCountMax = 1 << 24;

bool Refuse(std::string_view name, std::string_view value, std::string_view valid, std::string* error) {
  *error = std::string(name) + " is \"" + std::string(value) + "\"; it must be " + std::string(valid);
  return false;
}

template <typename T>
bool Number(std::string_view name, std::string_view value, T least, T most, T* out, std::string* error) {
  T number{};
  const auto result = std::from_chars(value.data(), value.data() + value.size(), number);
  if (result.ec == std::errc() && result.ptr == value.data() + value.size() && number >= least &&
      number <= most) {
    *out = number;
    return true;
  }
  return Refuse(name, value, "a number from " + std::to_string(least) + " to " + std::to_string(most), error);
}

bool Ids(std::string_view name, std::string_view value, std::vector<int32_t>* ids, std::string* error) {
  ids->clear();
  for (std::string_view rest = value; ids->empty() || !rest.empty();) {
    const std::string_view word = rest.substr(0, rest.find(','));
    int32_t id = 0;
    if (!Number(name, word, 0, kCountMax, &id, error)) {
      return Refuse(name, value, "token ids, separated by commas", error);
    }
    ids->push_back(id);
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  }
  return true;
}

bool ParseVerb(std::string_view word, Verb* verb, std::string* error) {
  if (word == "generate") return *verb = Verb::kGenerate, true;
  if (word == "bench") return *verb = Verb::kBench, true;
  if (word == "info") return *verb = Verb::kInfo, true;
  if (word == "help" || word == "--help" || word == "-h") return *verb = Verb::kHelp, true;
  return Refuse("the first argument", word, "generate, bench, info or help", error);
}

bool ParseKernels(std::string_view value, KernelSet* kernels, std::string* error) {
  if (value == "auto") return *kernels = KernelSet::kAuto, true;
  if (value == "scalar") return *kernels = KernelSet::kScalar, true;
  if (value == "avx2") return *kernels = KernelSet::kAvx2, true;
  if (value == "avx512") return *kernels = KernelSet::kAvx512, true;
  return Refuse("--kernels", value, "auto, scalar, avx2 or avx512", error);
}

bool SetOption(std::string_view name, std::string_view value, EngineArguments* out, std::string* error) {
  if (name == "--model") return out->model = value, true;
  if (name == "--bundle") return out->bundle = value, true;
  if (name == "--prompt") return out->prompt = value, true;
  if (name == "--prompt-ids") return Ids(name, value, &out->prompt_ids, error);
  if (name == "--tokens") return Number(name, value, 1, kCountMax, &out->tokens, error);
  if (name == "--runs") return Number(name, value, 1, kCountMax, &out->runs, error);
  if (name == "--warmup") return Number(name, value, 0, kCountMax, &out->warmup, error);
  if (name == "--threads") return Number(name, value, 1, 256, &out->threads, error);
  if (name == "--temperature") return Number(name, value, 0.0f, 100.0f, &out->sampling.temperature, error);
  if (name == "--top-p") return Number(name, value, 0.0f, 1.0f, &out->sampling.top_p, error);
  if (name == "--seed") return Number(name, value, uint64_t{0}, UINT64_MAX, &out->sampling.seed, error);
  if (name == "--kernels") return ParseKernels(value, &out->kernels, error);
  *error = "unknown argument \"" + std::string(name) + "\"; bonsai-engine help lists them";
  return false;
}

}  // namespace

bool ParseArguments(std::span<const char* const> words, EngineArguments* arguments, std::string* error) {
  if (words.empty()) {
    *error = "a verb is missing: generate, bench, info or help";
    return false;
  }
  if (!ParseVerb(words[0], &arguments->verb, error)) return false;
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--help" || word == "-h") {
      arguments->verb = Verb::kHelp;
      return true;
    }
    if (word == "--json") {
      arguments->json = true;
      continue;
    }
    const size_t equals = word.starts_with("--") ? word.find('=') : std::string_view::npos;
    const std::string_view name = word.substr(0, equals);
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) {
      value = word.substr(equals + 1);
    } else if (i + 1 < words.size()) {
      value = words[++i];
    }
    // An unknown name is reported as such even if no value follows it.
    if (!SetOption(name, value.value_or(""), arguments, error)) return false;
    if (value) continue;
    *error = std::string(name) + " lacks its value";
    return false;
  }
  if (!arguments->model.empty() && !arguments->bundle.empty()) {
    *error = "--model and --bundle exclude each other";
    return false;
  }
  return true;
}

std::string UsageText() {
  return R"(bonsai-engine: runs a language model on this machine's CPU.

  bonsai-engine generate --prompt TEXT [--tokens N] [--temperature T] [--top-p P] [--seed S] [--json]
      Streams the continuation, up to N (128) tokens or the model's end of text. Temperature 0 (the default) is greedy.
  bonsai-engine bench --prompt TEXT [--tokens N] [--runs R] [--warmup W]
      R (3) greedy runs of N (128) tokens after W (1) that are not counted: one JSON line each. Prefill is the prompt's
      forward pass, which gives the first token; decode the N - 1 passes that give the others.
  bonsai-engine info
      What model this is, checked against its checksums.

The model is the one appended to this executable, or:
  --bundle FILE     the one appended to FILE
  --model PATH      a folder with config.json, model.safetensors and tokenizer.model or tokenizer.json, or a llama2.c .bin
Also:
  --prompt-ids I,J  these tokens in place of a prompt; no tokenizer is needed
  --threads N       1 by default; results do not depend on it
  --kernels SET     auto, scalar, avx2 or avx512; results do not depend on it

Exit codes: 0 done, 64 bad arguments, 65 a bad model file, 74 output could not be written.
)";
}

}  // namespace bonsai::edge
