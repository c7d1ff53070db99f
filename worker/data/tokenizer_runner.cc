#include "worker/data/tokenizer_runner.h"

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "edge_runtime/model/byte_level_vocabulary.h"
#include "edge_runtime/model/tokenizer.h"
#include "storage/document_file.h"
#include "worker/data/bpe_training.h"
#include "worker/data/byte_level_training.h"
#include "worker/data/document_text.h"
#include "worker/data/sentence_splitter.h"

namespace bonsai {
namespace {

// unk, bos, eos, the 256 bytes, and one piece to learn.
constexpr uint32_t kVocabularyMin = 260;
// Packed tokens are uint16.
constexpr uint32_t kVocabularyMax = 65536;
constexpr uint64_t kCheckedBytes = 1 << 20;
constexpr char kSpaceSymbol[] = "\xE2\x96\x81";

// The sentences of a corpus, up to a number of bytes.
class CorpusSentences {
 public:
  CorpusSentences(std::unique_ptr<DocumentReader> reader, uint64_t bytes_max)
      : reader_(std::move(reader)), bytes_max_(bytes_max) {}

  absl::StatusOr<bool> Next(std::string* sentence) {
    while (ready_.empty()) {
      absl::StatusOr<bool> more = ReadDocument();
      if (!more.ok() || !*more) return more;
    }
    if (bytes_max_ > 0 && bytes_ >= bytes_max_) return false;
    *sentence = std::move(ready_.front());
    ready_.pop_front();
    bytes_ += sentence->size();
    return true;
  }

  uint64_t bytes() const { return bytes_; }

 private:
  absl::StatusOr<bool> ReadDocument() {
    v1::Document document;
    absl::StatusOr<bool> more = reader_->Next(&document);
    if (!more.ok() || !*more) return more;
    for (absl::string_view text : DocumentTexts(document)) {
      SplitSentences(text, kSentenceBytesMax, [this](absl::string_view s) { ready_.emplace_back(s); });
    }
    return true;
  }

  const std::unique_ptr<DocumentReader> reader_;
  const uint64_t bytes_max_;
  std::deque<std::string> ready_;
  uint64_t bytes_ = 0;
};

absl::Status TrainingError(const v1::TokenizerSpec& spec, uint64_t bytes, absl::string_view error) {
  const std::string place = absl::StrCat("tokenizer.vocab_size is ", spec.vocab_size());
  if (const uint32_t largest = LargestVocabulary(error); largest > 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(place, "; the ", bytes, " bytes of this corpus give a vocabulary of at most ", largest));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(place, "; SentencePiece cannot train it on these ", bytes, " bytes: ", error));
}

absl::StatusOr<std::string> Train(BpeTraining& training, const v1::TokenizerSpec& spec,
                                  const std::string& path) {
  absl::StatusOr<std::unique_ptr<DocumentReader>> reader = DocumentReader::Open(path);
  if (!reader.ok()) return reader.status();
  CorpusSentences sentences(*std::move(reader), spec.max_bytes());
  absl::Status corpus;
  const auto next = [&](std::string* sentence) -> absl::StatusOr<bool> {
    absl::StatusOr<bool> more = sentences.Next(sentence);
    corpus = more.status();
    if (more.ok() && !*more && sentences.bytes() == 0) {
      corpus = absl::FailedPreconditionError("tokenizer.corpus holds no text to train on");
      return corpus;
    }
    return more;
  };
  absl::StatusOr<std::string> model = training.Train(spec.vocab_size(), next);
  if (corpus.ok() && absl::IsInvalidArgument(model.status())) {
    return TrainingError(spec, sentences.bytes(), model.status().message());
  }
  return model;
}

// The first texts of the corpus.
absl::StatusOr<std::vector<std::string>> SampleTexts(const std::string& path) {
  absl::StatusOr<std::unique_ptr<DocumentReader>> reader = DocumentReader::Open(path);
  if (!reader.ok()) return reader.status();
  std::vector<std::string> texts;
  v1::Document document;
  while ((*reader)->offset() < kCheckedBytes) {
    const absl::StatusOr<bool> more = (*reader)->Next(&document);
    if (!more.ok()) return more.status();
    if (!*more) break;
    for (absl::string_view text : DocumentTexts(document)) texts.emplace_back(text);
  }
  return texts;
}

// Our tokenizer has to give SentencePiece's ids, and the text back: the trainer, the evaluator and the engine
// use ours.
absl::Status Compare(const edge::Tokenizer& ours, const std::vector<int32_t>& expected,
                     const std::string& text) {
  const std::vector<int32_t> ids = ours.Encode(text);
  if (ids != expected) {
    size_t i = 0;
    while (i < ids.size() && i < expected.size() && ids[i] == expected[i]) ++i;
    return absl::InternalError(absl::StrCat("Bonsai's tokenizer differs from SentencePiece at token ", i,
                                            " of ", expected.size(), " of a text that starts \"",
                                            text.substr(0, 60), "\""));
  }
  // A text that holds the symbol for a space itself comes back with spaces.
  if (!absl::StrContains(text, kSpaceSymbol) && ours.Decode(ids) != text) {
    return absl::InternalError(absl::StrCat("Bonsai's tokenizer does not give back a text that starts \"",
                                            text.substr(0, 60), "\""));
  }
  return absl::OkStatus();
}

// What our tokenizer reads of the file that was made.
absl::StatusOr<std::unique_ptr<edge::Tokenizer>> LoadTrained(const std::string& file, uint32_t vocab_size) {
  std::string error;
  auto tokenizer =
      edge::Tokenizer::Parse({reinterpret_cast<const uint8_t*>(file.data()), file.size()}, &error);
  if (tokenizer == nullptr)
    return absl::InternalError(absl::StrCat("the trained tokenizer does not load: ", error));
  if (tokenizer->vocab_size() != static_cast<int32_t>(vocab_size)) {
    return absl::InternalError(
        absl::StrCat("asked for ", vocab_size, " pieces, the tokenizer has ", tokenizer->vocab_size()));
  }
  return tokenizer;
}

absl::Status CheckOnSample(BpeTraining& training, const std::string& model, uint32_t vocab_size,
                           const std::string& path) {
  const auto ours = LoadTrained(model, vocab_size);
  if (!ours.ok()) return ours.status();
  absl::StatusOr<std::vector<std::string>> texts = SampleTexts(path);
  if (!texts.ok()) return texts.status();
  absl::StatusOr<std::vector<std::vector<int32_t>>> expected = training.Encode(model, *texts);
  if (!expected.ok()) return expected.status();
  for (size_t i = 0; i < texts->size(); ++i) {
    if (absl::Status same = Compare(**ours, (*expected)[i], (*texts)[i]); !same.ok()) return same;
  }
  return absl::OkStatus();
}

// The tokenizer.model.
absl::StatusOr<std::string> MakeSentencePiece(RunnerContext& context, const std::string& path) {
  const v1::TokenizerSpec& spec = context.task().spec().tokenizer();
  BpeTraining training(context.task().work_dir(), [&context] { return context.StopRequested(); });
  absl::StatusOr<std::string> model = Train(training, spec, path);
  if (!model.ok()) return model;
  context.ReportProgress(1, 2, "steps");
  if (absl::Status checked = CheckOnSample(training, *model, spec.vocab_size(), path); !checked.ok())
    return checked;
  return model;
}

// `text` without the character that byte `bytes_max` would cut.
absl::string_view FirstBytes(absl::string_view text, uint64_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<uint8_t>(text[bytes_max]) & 0xC0) == 0x80) --bytes_max;
  return text.substr(0, bytes_max);
}

absl::Status AddTexts(RunnerContext& context, const std::string& path, ByteLevelTraining* training) {
  const uint64_t set = context.task().spec().tokenizer().max_bytes();
  const uint64_t bytes_max = set > 0 ? set : UINT64_MAX;
  absl::StatusOr<std::unique_ptr<DocumentReader>> reader = DocumentReader::Open(path);
  if (!reader.ok()) return reader.status();
  v1::Document document;
  for (bool full = false; !full;) {
    if (context.StopRequested()) return absl::CancelledError("asked to stop");
    const absl::StatusOr<bool> more = (*reader)->Next(&document);
    if (!more.ok()) return more.status();
    if (!*more) break;
    for (absl::string_view text : DocumentTexts(document)) {
      const absl::string_view taken = FirstBytes(text, bytes_max - training->bytes());
      training->Add(taken);
      full = taken.size() < text.size() || training->bytes() == bytes_max;
      if (full) break;
    }
  }
  if (training->bytes() > 0) return absl::OkStatus();
  return absl::FailedPreconditionError("tokenizer.corpus holds no text to train on");
}

// The tokenizer.json.
absl::StatusOr<std::string> MakeByteLevel(RunnerContext& context, const std::string& path) {
  const uint32_t vocab_size = context.task().spec().tokenizer().vocab_size();
  ByteLevelTraining training([&context] { return context.StopRequested(); });
  if (absl::Status added = AddTexts(context, path, &training); !added.ok()) return added;
  const absl::StatusOr<edge::ByteLevelVocabulary> vocabulary = training.Train(vocab_size);
  if (absl::IsInvalidArgument(vocabulary.status())) {
    return absl::InvalidArgumentError(
        absl::StrCat("tokenizer.vocab_size is ", vocab_size, "; ", vocabulary.status().message()));
  }
  if (!vocabulary.ok()) return vocabulary.status();
  context.ReportProgress(1, 2, "steps");
  std::string json = edge::WriteTokenizerJson(*vocabulary);
  const auto ours = LoadTrained(json, vocab_size);
  if (!ours.ok()) return ours.status();
  if (absl::Status same = training.CheckWords(**ours); !same.ok()) return same;
  return json;
}

absl::Status CheckSpec(const v1::TokenizerSpec& spec) {
  if (spec.vocab_size() < kVocabularyMin || spec.vocab_size() > kVocabularyMax) {
    return absl::InvalidArgumentError(absl::StrCat("tokenizer.vocab_size is ", spec.vocab_size(),
                                                   "; valid are ", kVocabularyMin, " to ", kVocabularyMax));
  }
  if (v1::TokenizerSpec::Algorithm_IsValid(spec.algorithm())) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("tokenizer.algorithm is ",
                                                 static_cast<int>(spec.algorithm()),
                                                 "; valid are SENTENCEPIECE_BPE and BYTE_LEVEL_BPE"));
}

}  // namespace

absl::Status RunTokenizer(RunnerContext& context) {
  if (!context.task().spec().has_tokenizer()) {
    return absl::InvalidArgumentError("the task's spec is not of kind tokenizer");
  }
  const v1::TokenizerSpec& spec = context.task().spec().tokenizer();
  if (absl::Status valid = CheckSpec(spec); !valid.ok()) return valid;
  absl::StatusOr<InputArtifact> corpus = context.Input("tokenizer.corpus");
  if (!corpus.ok()) return corpus.status();
  absl::StatusOr<std::string> path = context.InputPath(*corpus, "documents.binpb");
  if (!path.ok()) return path.status();
  context.ReportProgress(0, 2, "steps");
  const bool byte_level = spec.algorithm() == v1::TokenizerSpec::BYTE_LEVEL_BPE;
  const absl::StatusOr<std::string> file =
      byte_level ? MakeByteLevel(context, *path) : MakeSentencePiece(context, *path);
  if (!file.ok()) return file.status();
  context.ReportProgress(2, 2, "steps");

  v1::Manifest manifest;
  manifest.set_kind("tokenizer");
  const char* name = byte_level ? "tokenizer.json" : "tokenizer.model";
  if (absl::Status added = AddBytes(context, *file, name, manifest); !added.ok()) return added;
  v1::Property* property = manifest.add_properties();
  property->set_name("vocab_size");
  property->set_value(absl::StrCat(spec.vocab_size()));
  return context.PublishOutput(std::move(manifest)).status();
}

}  // namespace bonsai
