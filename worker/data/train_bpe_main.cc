// bonsai-train-bpe: SentencePiece, in a process of its own, because its library carries an old protobuf whose
// symbols clash with ours. bonsai-run-tokenizer starts it (worker/data/bpe_training.h); it is not for people.
//
//   bonsai-train-bpe train VOCAB_SIZE SENTENCE_BYTES_MAX SENTENCES MODEL   SENTENCES: one on each line
//   bonsai-train-bpe encode MODEL TEXTS IDS   TEXTS: uint32 length, bytes; IDS: uint32 count, int32 ids
//
// Exit code 0, or 1 with SentencePiece's message as the last line of stderr.
#include <sentencepiece_processor.h>
#include <sentencepiece_trainer.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

constexpr uint32_t kTextBytesMax = 64 << 20;

int Fail(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  return 1;
}

class Sentences final : public sentencepiece::SentenceIterator {
 public:
  explicit Sentences(const std::string& path) : file_(path, std::ios::binary) { Next(); }
  bool done() const override { return done_; }
  void Next() override { done_ = done_ || !std::getline(file_, value_); }
  const std::string& value() const override { return value_; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  std::ifstream file_;
  std::string value_;
  bool done_ = false;
};

int Train(const std::string& vocab_size, const std::string& sentence_bytes_max,
          const std::string& sentences_path, const std::string& model_path) {
  const std::unordered_map<std::string, std::string> options = {
      {"model_type", "bpe"},
      {"vocab_size", vocab_size},
      {"byte_fallback", "true"},
      {"normalization_rule_name", "identity"},
      {"remove_extra_whitespaces", "false"},
      {"add_dummy_prefix", "true"},
      {"split_digits", "true"},
      {"unk_id", "0"},
      {"bos_id", "1"},
      {"eos_id", "2"},
      {"pad_id", "-1"},
      {"max_sentence_length", sentence_bytes_max},
      {"num_threads", "1"},
      {"minloglevel", "1"},
  };
  Sentences sentences(sentences_path);
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(options, &sentences, &model);
  if (!status.ok()) return Fail(status.error_message());
  std::ofstream out(model_path, std::ios::binary);
  out << model;
  out.close();
  return out ? 0 : Fail("cannot write " + model_path);
}

bool ReadSize(std::ifstream& in, uint32_t* size) {
  return static_cast<bool>(in.read(reinterpret_cast<char*>(size), sizeof(*size)));
}

int Encode(const std::string& model_path, const std::string& texts_path, const std::string& ids_path) {
  sentencepiece::SentencePieceProcessor processor;
  const auto loaded = processor.Load(model_path);
  if (!loaded.ok()) return Fail(loaded.error_message());
  std::ifstream texts(texts_path, std::ios::binary);
  std::ofstream out(ids_path, std::ios::binary);
  uint32_t size = 0;
  while (ReadSize(texts, &size)) {
    std::string text(size <= kTextBytesMax ? size : 0, '\0');
    if (size > kTextBytesMax || !texts.read(text.data(), size)) return Fail("a broken text in " + texts_path);
    std::vector<int> ids;
    const auto encoded = processor.Encode(text, &ids);
    if (!encoded.ok()) return Fail(encoded.error_message());
    const uint32_t count = static_cast<uint32_t>(ids.size());
    out.write(reinterpret_cast<const char*>(&count), sizeof(count));
    out.write(reinterpret_cast<const char*>(ids.data()),
              static_cast<std::streamsize>(sizeof(int) * ids.size()));
  }
  out.close();
  return out ? 0 : Fail("cannot write " + ids_path);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 5 && arguments[0] == "train") {
    return Train(arguments[1], arguments[2], arguments[3], arguments[4]);
  }
  if (arguments.size() == 4 && arguments[0] == "encode")
    return Encode(arguments[1], arguments[2], arguments[3]);
  return Fail(
      "usage: bonsai-train-bpe train VOCAB_SIZE SENTENCE_BYTES_MAX SENTENCES MODEL | encode MODEL TEXTS IDS");
}
