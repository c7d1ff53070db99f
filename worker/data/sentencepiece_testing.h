// SentencePiece's own library, for tests and benchmarks that compare with it in one process. Its headers
// clash with Abseil's, and the library with protobuf: whoever links this links neither messages nor runners.
#ifndef BONSAI_WORKER_DATA_SENTENCEPIECE_TESTING_H_
#define BONSAI_WORKER_DATA_SENTENCEPIECE_TESTING_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bonsai {

class SentencePieceForTest {
 public:
  // Of a serialised model. Ends the process if the library does not take it.
  explicit SentencePieceForTest(const std::string& model);
  ~SentencePieceForTest();

  // Trains as a tokenizer job does (worker/data/bpe_training.h), on the texts' lines.
  static std::string Train(const std::vector<std::string>& texts, int vocab_size);

  std::vector<int> Encode(const std::string& text) const;

 private:
  struct Library;
  std::unique_ptr<Library> library_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_SENTENCEPIECE_TESTING_H_
