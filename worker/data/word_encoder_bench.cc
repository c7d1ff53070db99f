// How fast text becomes token ids on one core, beside SentencePiece's own library on the same text in the
// same run: megabytes a second of processor time, cold (the first pass, every word new) and warm (the median
// of the later passes). Ends with 1 if any id differs.
//
//   bazel run //worker/data:word_encoder_bench               on ../shared/data (BONSAI_TEST_DATA)
//   bazel run //worker/data:word_encoder_bench -- FILE.gz... on other gzip'd JSON lines
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "edge_runtime/model/tokenizer.h"
#include "worker/data/c4_texts_testing.h"
#include "worker/data/sentencepiece_testing.h"
#include "worker/data/word_encoder.h"

namespace bonsai {
namespace {

constexpr int kWarmPasses = 9;

double ProcessorSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
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

// Prints one row. Returns whether all ids are SentencePiece's.
bool Measure(const char* name, const std::string& model, const Corpus& corpus) {
  std::string error;
  const auto tokenizer =
      edge::Tokenizer::Parse({reinterpret_cast<const uint8_t*>(model.data()), model.size()}, &error);
  if (tokenizer == nullptr) {
    std::fprintf(stderr, "%s: %s\n", name, error.c_str());
    return false;
  }
  WordEncoder encoder(*tokenizer);
  std::vector<uint16_t> ids;
  ids.reserve(static_cast<size_t>(corpus.megabytes * 1e6));
  const double cold = EncodeAll(encoder, corpus, &ids);
  std::vector<double> warm;
  for (int pass = 0; pass < kWarmPasses; ++pass) warm.push_back(EncodeAll(encoder, corpus, &ids));
  std::sort(warm.begin(), warm.end());

  const SentencePieceForTest library(model);
  std::vector<uint16_t> expected;
  const double begin = ProcessorSeconds();
  for (const std::string& text : corpus.texts) {
    const std::vector<int> theirs = library.Encode(text);
    expected.insert(expected.end(), theirs.begin(), theirs.end());
  }
  const double peer = corpus.megabytes / (ProcessorSeconds() - begin);
  const double median = warm[warm.size() / 2];
  std::printf("%-18s %8.1f %8.1f %16.2f %10.0fx %10zu  %s\n", name, cold, median, peer, median / peer,
              ids.size(), ids == expected ? "equal" : "DIFFER");
  return ids == expected;
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
  std::printf("%-18s %8s %8s %16s %11s %10s  %s\n", "vocabulary", "cold", "warm", "libsentencepiece", "ratio",
              "tokens", "ids");
  bool same = Measure("4k, own", SentencePieceForTest::Train(corpus.texts, 4000), corpus);
  std::ifstream in(TestDataFolder() + "/models/tok_llama2/tokenizer.model", std::ios::binary);
  std::stringstream llama;
  llama << in.rdbuf();
  if (!llama.str().empty()) same = Measure("32k, Llama 2", llama.str(), corpus) && same;
  return same ? 0 : 1;
}

}  // namespace
}  // namespace bonsai

int main(int argc, char** argv) { return bonsai::Run({argv + 1, argv + argc}); }
