#include "worker/data/bpe_training.h"

#include <charconv>
#include <cstring>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "runner/child_process.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr char kProgram[] = "/bonsai-train-bpe";
constexpr size_t kModelBytesMax = 64 << 20;
constexpr size_t kIdsBytesMax = size_t{1} << 30;
constexpr size_t kMessageBytesMax = 1 << 20;

absl::Status CloseWritten(std::ofstream& out, const std::string& path) {
  out.close();
  return out ? absl::OkStatus()
             : absl::ResourceExhaustedError(absl::StrCat("cannot write ", path, "; is the disk full?"));
}

// The last line that is not empty.
std::string LastLine(const std::string& text) {
  const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  return lines.empty() ? "no message" : lines.back();
}

}  // namespace

BpeTraining::BpeTraining(std::string work_dir, std::function<bool()> stop, std::string program)
    : work_dir_(std::move(work_dir)),
      stop_(std::move(stop)),
      program_(program.empty() ? ProgramFolder() + kProgram : std::move(program)) {}

absl::Status BpeTraining::RunProgram(const std::vector<std::string>& arguments) {
  ChildOptions options;
  options.argv = {program_};
  options.argv.insert(options.argv.end(), arguments.begin(), arguments.end());
  options.stderr_path = work_dir_ + "/train-bpe.log";
  options.stop = stop_;
  absl::StatusOr<ChildExit> exit = RunChild(options);
  if (!exit.ok()) return exit.status();
  if (exit->exit_code == 0) return absl::OkStatus();
  absl::StatusOr<std::string> log = ReadFileBytes(options.stderr_path, kMessageBytesMax);
  const std::string message = log.ok() ? LastLine(*log) : std::string(log.status().message());
  if (exit->exit_code == 1) return absl::InvalidArgumentError(message);
  return absl::InternalError(
      absl::StrCat("bonsai-train-bpe ended with code ", exit->exit_code, ": ", message));
}

absl::StatusOr<std::string> BpeTraining::Train(
    uint32_t vocab_size, const std::function<absl::StatusOr<bool>(std::string*)>& next) {
  const std::string sentences_path = work_dir_ + "/sentences.txt";
  const std::string model_path = work_dir_ + "/trained.model";
  std::ofstream out(sentences_path, std::ios::binary);
  std::string sentence;
  while (true) {
    absl::StatusOr<bool> more = next(&sentence);
    if (!more.ok()) return more.status();
    if (!*more) break;
    out << sentence << '\n';
  }
  if (absl::Status written = CloseWritten(out, sentences_path); !written.ok()) return written;
  absl::Status trained = RunProgram(
      {"train", std::to_string(vocab_size), std::to_string(kSentenceBytesMax), sentences_path, model_path});
  if (!trained.ok()) return trained;
  return ReadFileBytes(model_path, kModelBytesMax);
}

absl::StatusOr<std::vector<std::vector<int32_t>>> BpeTraining::Encode(absl::string_view model,
                                                                      const std::vector<std::string>& texts) {
  const std::string model_path = work_dir_ + "/encoded.model";
  const std::string texts_path = work_dir_ + "/texts.bin";
  const std::string ids_path = work_dir_ + "/ids.bin";
  std::ofstream model_out(model_path, std::ios::binary);
  model_out << model;
  if (absl::Status written = CloseWritten(model_out, model_path); !written.ok()) return written;
  std::ofstream out(texts_path, std::ios::binary);
  for (const std::string& text : texts) {
    const uint32_t size = static_cast<uint32_t>(text.size());
    out.write(reinterpret_cast<const char*>(&size), sizeof(size));
    out << text;
  }
  if (absl::Status written = CloseWritten(out, texts_path); !written.ok()) return written;
  if (absl::Status encoded = RunProgram({"encode", model_path, texts_path, ids_path}); !encoded.ok())
    return encoded;
  absl::StatusOr<std::string> bytes = ReadFileBytes(ids_path, kIdsBytesMax);
  if (!bytes.ok()) return bytes.status();
  std::vector<std::vector<int32_t>> all;
  for (size_t at = 0; at + sizeof(uint32_t) <= bytes->size();) {
    uint32_t count = 0;
    std::memcpy(&count, bytes->data() + at, sizeof(count));
    at += sizeof(count);
    if (count > (bytes->size() - at) / sizeof(int32_t)) break;
    all.emplace_back(count);
    std::memcpy(all.back().data(), bytes->data() + at, count * sizeof(int32_t));
    at += count * sizeof(int32_t);
  }
  if (all.size() != texts.size()) {
    return absl::InternalError(
        absl::StrCat("bonsai-train-bpe encoded ", all.size(), " of ", texts.size(), " texts"));
  }
  return all;
}

uint32_t LargestVocabulary(absl::string_view training_error) {
  const absl::string_view marker = "set it to a value <= ";
  const size_t found = training_error.find(marker);
  if (found == absl::string_view::npos) return 0;
  uint32_t largest = 0;
  std::from_chars(training_error.data() + found + marker.size(),
                  training_error.data() + training_error.size(), largest);
  return largest;
}

}  // namespace bonsai
