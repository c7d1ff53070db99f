// How fast choices are scored: EngineLanguageModel's plan beside one forward per choice with the same
// engine, on questions in the shapes of CommonsenseQA (5-shot), ARC and HellaSwag (question_set.h), and
// beside llama.cpp's perplexity tool where it is given. Processor time, one run, rounds of all in turn; the
// median of the rounds' ratios. One forward per choice is measured on every tenth question, and counted by
// its tokens. And texts that are generated together, beside one after the other. Ends with 1 if a score or a
// text differs from the peer's.
//
//   bazel run //evaluator/bench:loglikelihood_bench -- --questions=100 --rounds=3 --dim=384 --layers=6
//   ... -- --model=FOLDER --llama_perplexity=PROGRAM --gguf=FILE     FILE is the export of the model in
//   FOLDER
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>

#include "edge_runtime/engine/engine.h"
#include "edge_runtime/engine/sampler.h"
#include "edge_runtime/model/config.h"
#include "edge_runtime/model/mapped_file.h"
#include "edge_runtime/model/model_fixture.h"
#include "edge_runtime/model/tokenizer.h"
#include "evaluator/bench/llama_perplexity.h"
#include "evaluator/bench/question_set.h"
#include "evaluator/engine_language_model.h"
#include "evaluator/loglikelihood.h"
#include "evaluator/request_plan.h"

namespace bonsai {
namespace {

constexpr size_t kPeerEvery = 10;

double ProcessorSeconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(2);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// "--name=value" each; a name that is not in `values` ends the program.
void ReadArguments(int argc, char** argv, std::map<std::string, std::string>& values) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    const auto found = argument.substr(0, 2) == "--" && equals != std::string::npos
                           ? values.find(argument.substr(2, equals - 2))
                           : values.end();
    if (found == values.end()) {
      std::string names;
      for (const auto& [name, value] : values) names += " --" + name + "=" + value;
      Die(argument + ": no argument; there are" + names);
    }
    found->second = argument.substr(equals + 1);
  }
}

struct Bench {
  std::map<std::string, std::string> values;
  std::unique_ptr<edge::Tokenizer> tokenizer;
  std::string config_json, weights;
  std::unique_ptr<edge::Model> model;

  int Number(const std::string& name) const { return std::atoi(values.at(name).c_str()); }

  void Load();
  bool Measure(const QuestionSet& set);
  std::vector<ScoreRequest> Requests(const QuestionSet& set) const;
  double ScoreOneByOne(const std::vector<ScoreRequest>& requests, size_t choices,
                       const std::vector<Score>& expected, bool* same) const;
  bool MeasureGeneration(const QuestionSet& set) const;
  std::string GenerateAlone(const GenerateRequest& request) const;
  void MeasureLlama(const QuestionSet& set, double seconds) const;
};

void Bench::Load() {
  std::string error;
  const auto file = edge::MappedFile::Open(values["tokenizer"], &error);
  if (file == nullptr) Die(error);
  tokenizer = edge::Tokenizer::Parse(file->bytes(), &error);
  if (tokenizer == nullptr) Die(error);
  if (!values["model"].empty()) {
    model = edge::Model::LoadHuggingFace(values["model"], &error);
  } else {
    edge::ModelConfig config = edge::FixtureConfig();
    config.dim = Number("dim");
    config.layers = Number("layers");
    config.head_dim = 64;
    config.heads = config.kv_heads = config.dim / 64;
    config.hidden_dim = config.dim * 8 / 3 / 32 * 32;
    config.vocab_size = tokenizer->vocab_size();
    config.max_seq_len = 1024;
    config.tied_embeddings = true;
    config_json = edge::WriteHuggingFaceConfig(config, "float32");
    weights = edge::FixtureWeights(config, 1);
    model = edge::Model::FromSafetensors(
        config_json, {reinterpret_cast<const uint8_t*>(weights.data()), weights.size()}, &error);
  }
  if (model == nullptr) Die(error);
}

std::vector<ScoreRequest> Bench::Requests(const QuestionSet& set) const {
  std::vector<ScoreRequest> requests;
  for (const ChoiceQuestion& question : set.questions) {
    for (const std::string& continuation : question.continuations) {
      absl::StatusOr<ScoreRequest> request =
          ContinuationRequest(*tokenizer, question.context, continuation, model->config().max_seq_len);
      if (!request.ok()) Die(request.status().ToString());
      requests.push_back(*std::move(request));
    }
  }
  return requests;
}

// Every tenth question; seconds for all requests, by their tokens.
double Bench::ScoreOneByOne(const std::vector<ScoreRequest>& requests, size_t choices,
                            const std::vector<Score>& expected, bool* same) const {
  std::string error;
  const auto session = edge::Session::Create(*model, {}, &error);
  if (session == nullptr) Die(error);
  const size_t vocab = static_cast<size_t>(model->config().vocab_size);
  std::vector<float> logits;
  uint64_t all = 0, measured = 0;
  const double begin = ProcessorSeconds();
  for (size_t i = 0; i < requests.size(); ++i) {
    const ScoreRequest& request = requests[i];
    std::vector<int32_t> tokens = request.context;
    tokens.insert(tokens.end(), request.continuation.begin(), request.continuation.end() - 1);
    all += tokens.size();
    if (i / choices % kPeerEvery != 0) continue;
    measured += tokens.size();
    logits.resize(request.continuation.size() * vocab);
    session->Rewind(0);
    if (!session->Forward(tokens, logits, &error)) Die(error);
    Score score{.loglikelihood = 0, .is_greedy = true};
    for (size_t j = 0; j < request.continuation.size(); ++j)
      AddToken(std::span(logits).subspan(j * vocab, vocab), request.continuation[j], &score);
    if (!(score == expected[i])) *same = false;
  }
  return (ProcessorSeconds() - begin) * static_cast<double>(all) / static_cast<double>(measured);
}

// Texts of 32 tokens behind each context, beside one text after the other, each from its own beginning.
bool Bench::MeasureGeneration(const QuestionSet& set) const {
  std::vector<GenerateRequest> requests;
  for (const ChoiceQuestion& question : set.questions) {
    std::vector<int32_t> ids = tokenizer->Encode(question.context);
    ids.insert(ids.begin(), tokenizer->bos_id());
    requests.push_back({std::move(ids), {}, 32});
  }
  const auto language_model = EngineLanguageModel::Create(*model, Number("threads"));
  if (!language_model.ok()) Die(language_model.status().ToString());
  const auto proceed = [](uint64_t) { return absl::OkStatus(); };
  const double begin = ProcessorSeconds();
  const auto texts = (*language_model)->GenerateAll(requests, *tokenizer, proceed);
  if (!texts.ok()) Die(texts.status().ToString());
  const double ours = (ProcessorSeconds() - begin) / static_cast<double>(requests.size());
  bool same = true;
  size_t measured = 0;
  const double peer_begin = ProcessorSeconds();
  for (size_t i = 0; i < requests.size(); i += kPeerEvery, ++measured)
    same = GenerateAlone(requests[i]) == (*texts)[i] && same;
  const double peer = (ProcessorSeconds() - peer_begin) / static_cast<double>(measured);
  std::printf("generation: %.3f s a text of 32 tokens, %.2f times one text after the other; texts are %s\n",
              ours, peer / ours, same ? "equal" : "NOT EQUAL");
  return same;
}

std::string Bench::GenerateAlone(const GenerateRequest& request) const {
  std::string error;
  const auto session = edge::Session::Create(*model, {}, &error);
  if (session == nullptr) Die(error);
  std::vector<int32_t> fresh = request.context;
  std::vector<float> logits(static_cast<size_t>(model->config().vocab_size));
  const int64_t room = model->config().max_seq_len + 1 - static_cast<int64_t>(fresh.size());
  const auto text = GenerateText(request, *tokenizer, room, [&]() -> absl::StatusOr<int32_t> {
    if (!session->Forward(fresh, logits, &error)) return absl::InternalError(error);
    fresh = {edge::GreedyToken(logits)};
    return fresh.front();
  });
  if (!text.ok()) Die(text.status().ToString());
  return *text;
}

void Bench::MeasureLlama(const QuestionSet& set, double seconds) const {
  if (values.at("llama_perplexity").empty()) return;
  const char* temporary = std::getenv("TMPDIR");
  const std::string folder = temporary == nullptr ? "/tmp" : temporary;
  const std::string path = folder + "/bonsai_bench_" + set.name + ".bin";
  std::ofstream(path, std::ios::binary) << WriteMultipleChoiceFile(set.questions);
  const absl::StatusOr<double> measured = MeasureCommand(
      LlamaPerplexityCommand(values.at("llama_perplexity"), values.at("gguf"), path, set.questions.size(),
                             static_cast<size_t>(model->config().max_seq_len), Number("threads")),
      path + ".log");
  if (!measured.ok()) Die(measured.status().ToString());
  std::printf("  llama.cpp %.2f s, its loading included: ours is %.2f times as fast\n", *measured,
              *measured / seconds);
}

bool Bench::Measure(const QuestionSet& set) {
  const std::vector<ScoreRequest> requests = Requests(set);
  std::vector<ModelRequest> asked;
  for (const ScoreRequest& request : requests) asked.push_back({.score = &request});
  const RequestPlan plan(asked);
  const double bound =
      static_cast<double>(plan.tokens_read()) / static_cast<double>(plan.tokens_to_compute());
  const SharingBounds sharing = MeasureSharing(set.questions);
  const double characters = static_cast<double>(sharing.alone) / static_cast<double>(sharing.trie);
  const double within = static_cast<double>(sharing.alone) / static_cast<double>(sharing.context);

  bool same = true;
  std::vector<double> ratios, ours;
  for (int round = 0; round < Number("rounds"); ++round) {
    const auto language_model = EngineLanguageModel::Create(*model, Number("threads"));
    if (!language_model.ok()) Die(language_model.status().ToString());
    const double begin = ProcessorSeconds();
    const absl::StatusOr<std::vector<Score>> scores =
        (*language_model)->ScoreAll(requests, [](uint64_t) { return absl::OkStatus(); });
    if (!scores.ok()) Die(scores.status().ToString());
    ours.push_back(ProcessorSeconds() - begin);
    const double peer = ScoreOneByOne(requests, set.questions[0].continuations.size(), *scores, &same);
    ratios.push_back(peer / ours.back());
  }
  const double ratio = Median(ratios);
  std::printf("%s: %zu requests, %llu tokens read, %llu computed; ours %.2f s, %.0f requests/s\n",
              set.name.c_str(), requests.size(), static_cast<unsigned long long>(plan.tokens_read()),
              static_cast<unsigned long long>(plan.tokens_to_compute()), Median(ours),
              static_cast<double>(requests.size()) / Median(ours));
  std::printf(
      "  %.2f times one forward per choice: %.2f of the bound by tokens (%.1f), %.2f of that by "
      "characters (%.1f; contexts alone %.1f); published for the suite: %.1f and %.1f\n",
      ratio, ratio / bound, bound, ratio / characters, characters, within, set.published_trie_bound,
      set.published_context_bound);
  std::printf("  scores are %s one forward's, bit for bit\n", same ? "equal to" : "NOT EQUAL TO");
  MeasureLlama(set, Median(ours));
  return same;
}

int Run(int argc, char** argv) {
  const char* data = std::getenv("BONSAI_TEST_DATA");
  const std::string folder = data == nullptr ? "../shared" : data;
  Bench bench;
  bench.values = {{"data", folder + "/data/eval/commonsenseqa/dev_rand_split.jsonl"},
                  {"tokenizer", folder + "/data/models/tok_llama2/tokenizer.model"},
                  {"questions", "100"},
                  {"rounds", "3"},
                  {"threads", "1"},
                  {"dim", "384"},
                  {"layers", "6"},
                  {"model", ""},
                  {"llama_perplexity", ""},
                  {"gguf", ""}};
  ReadArguments(argc, argv, bench.values);
  if (bench.values["llama_perplexity"].empty() != bench.values["gguf"].empty())
    Die("--llama_perplexity and --gguf go together");
  std::ifstream file(bench.values["data"], std::ios::binary);
  const std::string jsonl((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto sets = MakeQuestionSets(jsonl, static_cast<size_t>(std::max(bench.Number("questions"), 1)));
  if (!sets.ok()) Die(bench.values["data"] + ": " + sets.status().ToString());
  bench.Load();
  bool same = true;
  for (const QuestionSet& set : *sets) same = bench.Measure(set) && same;
  same = bench.MeasureGeneration(sets->front()) && same;
  return same ? 0 : 1;
}

}  // namespace
}  // namespace bonsai

int main(int argc, char** argv) { return bonsai::Run(argc, argv); }
