// bonsai-engine: generates text, measures itself, describes its model. Needs no file but its own (bundle.h)
// and no network.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

#include "edge_runtime/engine/arguments.h"
#include "edge_runtime/engine/runnable_model.h"
#include "edge_runtime/engine/sampler.h"
#include "edge_runtime/model/json.h"

namespace bonsai::edge {
namespace {

constexpr int kBadArguments = 64, kBadModel = 65, kCannotWrite = 74;  // sysexits.h

int Fail(int code, const std::string& what) {
  std::fprintf(stderr, "bonsai-engine: %s\n", what.c_str());
  return code;
}

// False if nobody takes the output any more.
bool Print(const std::string& text) {
  return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
}

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The most memory that this process has held. Under an emulator this counts the emulator too.
int64_t PeakResidentBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtoll(line.c_str() + 6, nullptr, 10) * 1024;
  }
  struct rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

// BOS and the prompt's tokens.
bool PromptTokens(const EngineArguments& arguments, const RunnableModel& runnable,
                  std::vector<int32_t>* tokens, std::string* error) {
  *tokens = arguments.prompt_ids;
  if (!tokens->empty()) return true;
  if (runnable.tokenizer == nullptr) {
    *error = (runnable.tokenizer_error.empty() ? "the model has no tokenizer" : runnable.tokenizer_error) +
             "; --prompt-ids gives tokens";
    return false;
  }
  if (runnable.tokenizer->bos_id() >= 0) tokens->push_back(runnable.tokenizer->bos_id());
  for (const int32_t id : runnable.tokenizer->Encode(arguments.prompt)) tokens->push_back(id);
  if (!tokens->empty()) return true;
  *error = "--prompt is empty, and the tokenizer has no token to begin with";
  return false;
}

int Generate(const EngineArguments& arguments, const RunnableModel& runnable, Session* session,
             const std::vector<int32_t>& prompt) {
  std::string error;
  std::vector<float> logits(static_cast<size_t>(session->config().vocab_size));
  if (!session->Forward(prompt, logits, &error)) return Fail(kBadArguments, "the prompt: " + error);
  Sampler sampler(arguments.sampling);
  std::vector<int32_t> ids;
  int32_t previous = prompt.back();
  const int32_t end = runnable.tokenizer == nullptr ? session->config().eos_id : runnable.tokenizer->eos_id();
  while (static_cast<int32_t>(ids.size()) < arguments.tokens) {
    const int32_t id = sampler.Next(logits);
    if (id == end) break;
    ids.push_back(id);
    if (!arguments.json) {
      const std::string piece = runnable.tokenizer == nullptr ? std::to_string(id) + " "
                                                              : runnable.tokenizer->DecodePiece(id, previous);
      if (!Print(piece)) return Fail(kCannotWrite, "cannot write the text");
    }
    previous = id;
    if (!session->Forward({&id, 1}, logits, &error)) break;  // the model's positions are used up
  }
  JsonWriter line;
  line.BeginObject().Key("prompt_ids").BeginArray();
  for (const int32_t id : prompt) line.Integer(id);
  line.EndArray().Key("token_ids").BeginArray();
  for (const int32_t id : ids) line.Integer(id);
  line.EndArray();
  if (runnable.tokenizer != nullptr) line.Key("text").String(runnable.tokenizer->Decode(ids));
  line.EndObject();
  return Print((arguments.json ? line.text() : "") + "\n") ? 0 : Fail(kCannotWrite, "cannot write the text");
}

struct Run {
  double prefill_seconds = 0, decode_seconds = 0;
  std::vector<int32_t> ids;
};

bool Measure(Session* session, const std::vector<int32_t>& prompt, int32_t tokens, Run* run,
             std::string* error) {
  std::vector<float> logits(static_cast<size_t>(session->config().vocab_size));
  session->Rewind(0);
  const double start = Seconds();
  if (!session->Forward(prompt, logits, error)) return false;
  run->ids.push_back(GreedyToken(logits));
  const double prefilled = Seconds();
  while (static_cast<int32_t>(run->ids.size()) < tokens) {
    if (!session->Forward({&run->ids.back(), 1}, logits, error)) return false;
    run->ids.push_back(GreedyToken(logits));
  }
  run->prefill_seconds = prefilled - start;
  run->decode_seconds = Seconds() - prefilled;
  return true;
}

int Bench(const EngineArguments& arguments, Session* session, const std::vector<int32_t>& prompt) {
  for (int32_t index = -arguments.warmup; index < arguments.runs; ++index) {
    Run run;
    std::string error;
    if (!Measure(session, prompt, arguments.tokens, &run, &error)) return Fail(kBadArguments, error);
    if (index < 0) continue;
    JsonWriter line;
    line.BeginObject();
    line.Key("prefill_tokens").Integer(static_cast<int64_t>(prompt.size()));
    line.Key("prefill_seconds").Number(run.prefill_seconds);
    line.Key("decode_tokens").Integer(static_cast<int64_t>(run.ids.size()) - 1);
    line.Key("decode_seconds").Number(run.decode_seconds);
    line.Key("token_ids").BeginArray();
    for (const int32_t id : run.ids) line.Integer(id);
    line.EndArray();
    line.Key("peak_rss_bytes").Integer(PeakResidentBytes());
    line.Key("threads").Integer(arguments.threads);
    line.Key("kernels").String(session->kernels());
    line.EndObject();
    if (!Print(line.text() + "\n")) return Fail(kCannotWrite, "cannot write the result");
  }
  return 0;
}

int Info(const RunnableModel& runnable) {
  const ModelConfig& config = runnable.model->config();
  JsonWriter info(/*indented=*/true);
  info.BeginObject();
  info.Key("parameters").Integer(CountParameters(config));
  info.Key("dim").Integer(config.dim).Key("hidden_dim").Integer(config.hidden_dim);
  info.Key("layers").Integer(config.layers).Key("heads").Integer(config.heads);
  info.Key("kv_heads").Integer(config.kv_heads).Key("vocab_size").Integer(config.vocab_size);
  info.Key("max_seq_len").Integer(config.max_seq_len).Key("tied_embeddings").Bool(config.tied_embeddings);
  info.Key("tokenizer").Bool(runnable.tokenizer != nullptr);
  if (!runnable.description.empty()) info.Key("description").String(runnable.description);
  info.EndObject();
  return Print(info.text() + "\n") ? 0 : Fail(kCannotWrite, "cannot write the description");
}

int Main(int argc, char** argv) {
  EngineArguments arguments;
  std::string error;
  const std::span<const char* const> words(argv, static_cast<size_t>(argc));
  if (words.empty() || !ParseArguments(words.subspan(1), &arguments, &error))
    return Fail(kBadArguments, error);
  if (arguments.verb == Verb::kHelp) return Print(UsageText()) ? 0 : kCannotWrite;
  RunnableModel runnable;
  const bool verify = arguments.verb == Verb::kInfo;
  const bool opened = !arguments.model.empty()    ? OpenModel(arguments.model, &runnable, &error)
                      : !arguments.bundle.empty() ? OpenBundle(arguments.bundle, verify, &runnable, &error)
                                                  : OpenOwnBundle(words[0], verify, &runnable, &error);
  if (!opened) return Fail(kBadModel, error);
  if (arguments.verb == Verb::kInfo) return Info(runnable);
  std::vector<int32_t> prompt;
  if (!PromptTokens(arguments, runnable, &prompt, &error)) return Fail(kBadArguments, error);
  const int64_t wanted = static_cast<int64_t>(prompt.size()) + arguments.tokens;
  const int64_t longest = runnable.model->config().max_seq_len;
  if (static_cast<int64_t>(prompt.size()) > longest ||
      (arguments.verb == Verb::kBench && wanted - 1 > longest)) {
    return Fail(kBadArguments, "the prompt has " + std::to_string(prompt.size()) +
                                   " tokens and --tokens is " + std::to_string(arguments.tokens) +
                                   "; the model has " + std::to_string(longest) + " positions");
  }
  const SessionOptions options = {.positions_max = static_cast<int32_t>(std::min(wanted, longest)),
                                  .threads = arguments.threads,
                                  .kernels = arguments.kernels};
  const auto session = Session::Create(*runnable.model, options, &error);
  if (session == nullptr) return Fail(kBadArguments, error);
  return arguments.verb == Verb::kBench ? Bench(arguments, session.get(), prompt)
                                        : Generate(arguments, runnable, session.get(), prompt);
}

}  // namespace
}  // namespace bonsai::edge

int main(int argc, char** argv) { return bonsai::edge::Main(argc, argv); }
