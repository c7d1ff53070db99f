// How fast text becomes token ids on one core, beside SentencePiece's own library on the same text in the
// same run (byte-level vocabularies: beside the tokenizer without a cache): megabytes a second of processor
// time, cold (the first pass, every word new) and warm (the median of the later passes). Ends with 1 if any
// id differs. And how long training a vocabulary takes, with both trainers.
//
//   bazel run //worker/data:word_encoder_bench               on ../shared/data (BONSAI_TEST_DATA)
//   bazel run //worker/data:word_encoder_bench -- FILE.gz... on other gzip'd JSON lines
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "edge_runtime/model/tokenizer.h"
#include "worker/data/byte_level_training.h"
#include "worker/data/c4_texts_testing.h"
#include "worker/data/sentencepiece_testing.h"
#include "worker/data/word_encoder.h"

namespace bonsai {
namespace {

constexpr int kWarmPasses = 9;

// Of this thread, or of all of them.
double ProcessorSeconds(clockid_t clock = CLOCK_THREAD_CPUTIME_ID) {
  timespec now;
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Corpus {
  std::vector<std::string> texts;
  double megabytes = 0;
};

// One pass; returns its megabytes a second.
double EncodeAll(WordEncoder& encoder, const Corpus& corpus, std::vector<uint16_t>* ids) {
  ids->clear();
  const double begin = ProcessorSeconds();
  for (const std::string& text : corpus.texts) encoder.Encode(text, ids);
  return corpus.megabytes / (ProcessorSeconds() - begin);
}

using Encode = std::function<std::vector<int32_t>(const std::string&)>;

// Prints one row. Returns whether all ids are the peer's.
bool Measure(const char* name, const edge::Tokenizer& tokenizer, const Encode& peer, const Corpus& corpus) {
  WordEncoder encoder(tokenizer);
  std::vector<uint16_t> ids;
  ids.reserve(static_cast<size_t>(corpus.megabytes * 1e6));
  const double cold = EncodeAll(encoder, corpus, &ids);
  std::vector<double> warm;
  for (int pass = 0; pass < kWarmPasses; ++pass) warm.push_back(EncodeAll(encoder, corpus, &ids));
  std::sort(warm.begin(), warm.end());

  std::vector<uint16_t> expected;
  const double begin = ProcessorSeconds();
  for (const std::string& text : corpus.texts) {
    const std::vector<int32_t> theirs = peer(text);
    expected.insert(expected.end(), theirs.begin(), theirs.end());
  }
  const double peers = corpus.megabytes / (ProcessorSeconds() - begin);
  const double median = warm[warm.size() / 2];
  std::printf("%-18s %8.1f %8.1f %8.2f %10.0fx %10zu  %s\n", name, cold, median, peers, median / peers,
              ids.size(), ids == expected ? "equal" : "DIFFER");
  return ids == expected;
}

std::unique_ptr<edge::Tokenizer> Parse(const std::string& file) {
  std::string error;
  auto tokenizer =
      edge::Tokenizer::Parse({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, &error);
  if (tokenizer == nullptr) std::fprintf(stderr, "%s\n", error.c_str());
  return tokenizer;
}

bool MeasureSentencePiece(const char* name, const std::string& model, const Corpus& corpus) {
  const auto tokenizer = Parse(model);
  if (tokenizer == nullptr) return false;
  const SentencePieceForTest library(model);
  return Measure(
      name, *tokenizer, [&](const std::string& text) { return library.Encode(text); }, corpus);
}

bool MeasureByteLevel(const char* name, const edge::Tokenizer* tokenizer, const Corpus& corpus) {
  return tokenizer != nullptr &&
         Measure(
             name, *tokenizer, [&](const std::string& text) { return tokenizer->Encode(text); }, corpus);
}

std::string ReadFile(const std::string& name) {
  std::stringstream text;
  text << std::ifstream(TestDataFolder() + "/models/" + name, std::ios::binary).rdbuf();
  return text.str();
}

// Trains a vocabulary and prints the processor time that it took.
template <typename Train>
std::string Timed(const char* trainer, uint32_t pieces, Train train) {
  const double begin = ProcessorSeconds(CLOCK_PROCESS_CPUTIME_ID);
  std::string file = train();
  std::printf("%-18s %u pieces trained in %.2f processor seconds\n", trainer, pieces,
              ProcessorSeconds(CLOCK_PROCESS_CPUTIME_ID) - begin);
  return file;
}

std::string TrainByteLevel(const Corpus& corpus, uint32_t pieces) {
  ByteLevelTraining training([] { return false; });
  for (const std::string& text : corpus.texts) training.Add(text);
  const auto vocabulary = training.Train(pieces);
  return vocabulary.ok() ? edge::WriteTokenizerJson(*vocabulary) : "";
}

int Run(const std::vector<std::string>& paths) {
  Corpus corpus;
  for (const std::string& path : paths) {
    for (std::string& text : C4TextsForTest(path)) corpus.texts.push_back(std::move(text));
  }
  if (paths.empty()) corpus.texts = AllC4TextsForTest();
  for (const std::string& text : corpus.texts) corpus.megabytes += 1e-6 * static_cast<double>(text.size());
  if (corpus.texts.empty()) {
    std::fprintf(stderr, "no text; name gzip'd files of JSON lines, or set BONSAI_TEST_DATA\n");
    return 2;
  }
  std::printf("%zu documents, %.2f MB; MB per processor second on one core\n", corpus.texts.size(),
              corpus.megabytes);
  std::string own, bytes;
  for (const uint32_t pieces : {32000u, 4000u}) {
    own = Timed("SentencePiece", pieces, [&] { return SentencePieceForTest::Train(corpus.texts, pieces); });
    bytes = Timed("byte level", pieces, [&] { return TrainByteLevel(corpus, pieces); });
  }
  std::printf("%-18s %8s %8s %8s %11s %10s  %s\n", "vocabulary", "cold", "warm", "peer", "ratio", "tokens",
              "ids");
  bool same = MeasureSentencePiece("4k, own", own, corpus);
  if (const std::string llama = ReadFile("tok_llama2/tokenizer.model"); !llama.empty())
    same = MeasureSentencePiece("32k, Llama 2", llama, corpus) && same;
  same = MeasureByteLevel("4k bytes, own", Parse(bytes).get(), corpus) && same;
  if (const std::string vocab = ReadFile("tok_gpt2/gpt2-vocab.json"); !vocab.empty()) {
    std::string error;
    const auto gpt2 = edge::Tokenizer::ParseGpt2(vocab, ReadFile("tok_gpt2/gpt2-merges.txt"), &error);
    same = MeasureByteLevel("50k bytes, GPT-2", gpt2.get(), corpus) && same;
  }
  return same ? 0 : 1;
}

}  // namespace
}  // namespace bonsai

int main(int argc, char** argv) { return bonsai::Run({argv + 1, argv + argc}); }
