// A runner of any kind that does nothing, for benchmarks and fault tests of the control plane. It is
// installed as bonsai-run-<kind>.
//
// A job whose name starts with "hold" runs until SIGTERM, then writes a checkpoint and leaves; or until there
// is a file share_dir/finish-<attempt>, then publishes an output. When a rank of it starts it appends "<Unix
// time in microseconds> <job id> <attempt> <rank> <process id>" to the file share_dir/started. Any other job
// publishes an output without files at once.
#include <fcntl.h>
#include <openssl/crypto.h>
#include <unistd.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "runner/runner.h"
#include "runner/task_file.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

constexpr useconds_t kPollMicroseconds = 2000;

absl::Status NoteStart(const v1::Task& task) {
  const std::string path = absl::StrCat(task.share_dir(), "/started");
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return ErrnoStatus(errno, "open", path);
  const std::string line = absl::StrCat(absl::ToUnixMicros(absl::Now()), " ", task.job_id(), " ",
                                        task.attempt(), " ", task.rank(), " ", getpid(), "\n");
  absl::Status written = WriteAll(fd, line, path);
  close(fd);
  return written;
}

// What the coordinator wants of the output of such a job.
std::string OutputKindOf(const std::string& job_kind) {
  if (job_kind == "data") return "corpus";
  if (job_kind == "pack") return "tokens";
  return job_kind == "tokenizer" ? "tokenizer" : "model";
}

absl::Status Publish(RunnerContext& context) {
  if (context.task().rank() != 0) return absl::OkStatus();
  v1::Manifest manifest;
  manifest.set_kind(OutputKindOf(JobKind(context.task().spec())));
  return context.PublishOutput(std::move(manifest)).status();
}

absl::Status Hold(RunnerContext& context) {
  if (absl::Status noted = NoteStart(context.task()); !noted.ok()) return noted;
  const std::string finish = absl::StrCat(context.task().share_dir(), "/finish-", context.task().attempt());
  while (!context.StopRequested()) {
    if (access(finish.c_str(), F_OK) == 0) return Publish(context);
    usleep(kPollMicroseconds);
  }
  if (context.task().rank() == 0) {
    v1::Manifest manifest;
    manifest.set_kind("checkpoint");
    absl::StatusOr<std::string> id = context.PublishCheckpoint(std::move(manifest), context.task().attempt());
    if (!id.ok()) return id.status();
  }
  return absl::CancelledError("left on request");
}

absl::Status Work(RunnerContext& context) {
  return absl::StartsWith(context.task().spec().name(), "hold") ? Hold(context) : Publish(context);
}

}  // namespace
}  // namespace bonsai

int main(int argc, char** argv) {
  // One digest needs none of OpenSSL's tables of texts and names, which would take longer than all the rest.
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
                          OPENSSL_INIT_NO_ADD_ALL_DIGESTS | OPENSSL_INIT_NO_LOAD_CONFIG,
                      nullptr);
  return bonsai::RunnerMain(argc, argv, bonsai::Work);
}
