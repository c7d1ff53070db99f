// bonsai-holdout: makes keys, and seals the questions of secret suites. It runs where the questions' owner
// is; only what it seals goes to a cluster.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "evaluator/holdout/holdout_questions.h"
#include "storage/file_bytes.h"
#include "storage/sealed_file.h"

namespace bonsai {
namespace {

constexpr int kUsageError = 2;
constexpr char kUsage[] =
    "usage: bonsai holdout keygen KEY\n"
    "       bonsai holdout seal --key KEY QUESTIONS SEALED\n\n"
    "  keygen  makes a key file (64 hexadecimal digits, mode 0600); a file that is there stays as it is.\n"
    "  seal    encrypts QUESTIONS, JSON lines of one object each, with AES-256-GCM. SEALED is what a data "
    "job of\n"
    "          format SEALED takes. Workers that may evaluate it run with BONSAI_HOLDOUT_KEY_FILE=KEY.\n";

// A file for its owner's eyes; one that is there stays as it is.
absl::Status WriteNewFile(const std::string& path, absl::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus(errno, "make", path);
  absl::Status status = WriteAll(fd, bytes, path);
  if (status.ok() && fsync(fd) != 0) status = ErrnoStatus(errno, "write", path);
  if (close(fd) != 0 && status.ok()) status = ErrnoStatus(errno, "write", path);
  if (!status.ok()) unlink(path.c_str());
  return status;
}

absl::Status MakeKey(const std::string& path) {
  const absl::StatusOr<std::string> text = NewKeyText();
  if (!text.ok()) return text.status();
  return WriteNewFile(path, *text);
}

absl::Status SealQuestions(const std::string& key_path, const std::string& from, const std::string& to) {
  const absl::StatusOr<std::string> key = ReadKeyFile(key_path);
  if (!key.ok()) return key.status();
  const absl::StatusOr<std::string> plain = ReadFileBytes(from, kSealedBytesMax);
  if (!plain.ok()) return plain.status();
  const auto questions = ReadHoldoutQuestions(*plain);
  if (!questions.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(from, ": ", questions.status().message()));
  }
  const absl::StatusOr<std::string> sealed = Seal(*plain, *key);
  if (!sealed.ok()) return sealed.status();
  if (absl::Status status = WriteNewFile(to, *sealed); !status.ok()) return status;
  std::cout << questions->size() << " questions sealed\n";
  return absl::OkStatus();
}

int Main(const std::vector<std::string>& words) {
  std::vector<std::string> files;
  std::string key;
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--key" && i + 1 < words.size()) {
      key = words[++i];
    } else if (absl::StartsWith(words[i], "--key=")) {
      key = words[i].substr(6);
    } else {
      files.push_back(words[i]);
    }
  }
  const std::string verb = words.empty() ? "" : words[0];
  if (verb == "--help" || verb == "-h") {
    std::cout << kUsage;
    return 0;
  }
  absl::Status status;
  if (verb == "keygen" && files.size() == 1 && key.empty()) {
    status = MakeKey(files[0]);
  } else if (verb == "seal" && files.size() == 2 && !key.empty()) {
    status = SealQuestions(key, files[0], files[1]);
  } else {
    std::cerr << kUsage;
    return kUsageError;
  }
  if (!status.ok()) std::cerr << "bonsai holdout: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace bonsai

int main(int argc, char** argv) { return bonsai::Main(std::vector<std::string>(argv + 1, argv + argc)); }
