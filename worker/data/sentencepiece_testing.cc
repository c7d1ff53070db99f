#include "worker/data/sentencepiece_testing.h"

#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <unordered_map>

namespace bonsai {
namespace {

template <typename Status>
void CheckOk(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "SentencePiece: %s\n", status.ToString().c_str());
  std::abort();
}

class Lines final : public sentencepiece::SentenceIterator {
 public:
  explicit Lines(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      std::istringstream stream(text);
      for (std::string line; std::getline(stream, line);) lines_.push_back(line);
    }
  }
  bool done() const override { return next_ == lines_.size(); }
  void Next() override { ++next_; }
  const std::string& value() const override { return lines_[next_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::vector<std::string> lines_;
  size_t next_ = 0;
};

}  // namespace

struct SentencePieceForTest::Library {
  sentencepiece::SentencePieceProcessor processor;
};

SentencePieceForTest::SentencePieceForTest(const std::string& model) : library_(std::make_unique<Library>()) {
  CheckOk(library_->processor.LoadFromSerializedProto(model));
}

SentencePieceForTest::~SentencePieceForTest() = default;

std::string SentencePieceForTest::Train(const std::vector<std::string>& texts, int vocab_size) {
  const std::unordered_map<std::string, std::string> options = {
      {"model_type", "bpe"},     {"vocab_size", std::to_string(vocab_size)},
      {"byte_fallback", "true"}, {"normalization_rule_name", "identity"},
      {"split_digits", "true"},  {"remove_extra_whitespaces", "false"},
      {"unk_id", "0"},           {"add_dummy_prefix", "true"},
      {"bos_id", "1"},           {"eos_id", "2"},
      {"pad_id", "-1"},          {"max_sentence_length", "1000000"},
      {"num_threads", "1"},      {"minloglevel", "2"},
  };
  Lines lines(texts);
  std::string model;
  CheckOk(sentencepiece::SentencePieceTrainer::Train(options, &lines, &model));
  return model;
}

std::vector<int> SentencePieceForTest::Encode(const std::string& text) const {
  return library_->processor.EncodeAsIds(text);
}

}  // namespace bonsai
