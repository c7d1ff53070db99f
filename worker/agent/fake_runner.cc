// A runner for the agent's tests. It does what the paths of the data spec's first source say, in order:
// "print:text", "fill:<bytes>", "pid", "env:NAME", "task", "progress:N", "sample:N", "checkpoint:N",
// "artifact", "publish:KIND:text" (a file in the store, a manifest, and the event: a checkpoint's for that
// kind), "input" (the file of its first input), "failure:text", "garbage", "fork" (a child that does
// nothing), "raise:N", "exit:N", "wait" (for SIGTERM, then a checkpoint and 75), "hang" (whatever signal
// comes).
#include <google/protobuf/text_format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "runner/event_stream.h"
#include "runner/task_file.h"
#include "storage/directory_blob_store.h"
#include "storage/manifest.h"

namespace {

volatile sig_atomic_t stopped = 0;
void OnStop(int) { stopped = 1; }

class FakeRunner {
 public:
  explicit FakeRunner(bonsai::v1::Task task) : task_(std::move(task)), writer_(task_.events_fd()) {}

  void Do(const std::string& command) {
    size_t colon = command.find(':');
    std::string verb = command.substr(0, colon);
    std::string text = colon == std::string::npos ? "" : command.substr(colon + 1);
    if (Talk(verb, text) || Report(verb, text)) return;
    if (verb == "fork") Fork();
    if (verb == "raise") raise(atoi(text.c_str()));
    if (verb == "exit") _exit(atoi(text.c_str()));
    if (verb == "wait") Wait();
    if (verb == "hang") Hang();
  }

 private:
  // For the log.
  bool Talk(const std::string& verb, const std::string& text) {
    if (verb == "print") {
      printf("%s\n", text.c_str());
    } else if (verb == "fill") {
      fputs(std::string(atoi(text.c_str()), 'x').c_str(), stdout);
    } else if (verb == "pid") {
      printf("pid %d\n", getpid());
    } else if (verb == "env") {
      const char* value = getenv(text.c_str());
      printf("%s=%s\n", text.c_str(), value == nullptr ? "(not set)" : value);
    } else if (verb == "input") {
      printf("input holds %s\n", InputText().c_str());
    } else if (verb == "task") {
      std::string dump;
      google::protobuf::TextFormat::PrintToString(task_, &dump);
      printf("%s", dump.c_str());
    } else {
      return false;
    }
    fflush(stdout);
    return true;
  }

  // For the agent.
  bool Report(const std::string& verb, const std::string& text) {
    bonsai::v1::RunnerEvent event;
    uint64_t number = strtoull(text.c_str(), nullptr, 10);
    if (verb == "progress") {
      event.mutable_progress()->set_step(number);
    } else if (verb == "sample") {
      event.mutable_sample()->set_step(number);
      bonsai::v1::Metric& loss = *event.mutable_sample()->add_metrics();
      loss.set_name("loss");
      loss.set_value(2.5);
    } else if (verb == "checkpoint") {
      event.mutable_checkpoint()->set_step(number);
      event.mutable_checkpoint()->set_manifest_id(std::string(64, 'c'));
    } else if (verb == "artifact") {
      event.mutable_artifact()->set_manifest_id(std::string(64, 'a'));
    } else if (verb == "publish") {
      Publish(text.substr(0, text.find(':')), text.substr(text.find(':') + 1), event);
    } else if (verb == "failure") {
      event.mutable_failure()->set_message(text);
    } else if (verb == "garbage") {
      return write(task_.events_fd(), "\xff\xff\xff\xff", 4) == 4;
    } else {
      return false;
    }
    return writer_.Write(event).ok();
  }

  std::string InputText() {
    auto store = bonsai::DirectoryBlobStore::Open(task_.storage_dir());
    auto manifest = bonsai::GetManifest(**store, task_.inputs(0).artifact_id());
    if (!manifest.ok()) return std::string(manifest.status().message());
    return *(*store)->Get(manifest->files(0).blob().sha256(), 1 << 20);
  }

  void Publish(const std::string& kind, const std::string& text, bonsai::v1::RunnerEvent& event) {
    auto store = bonsai::DirectoryBlobStore::Open(task_.storage_dir());
    bonsai::v1::Manifest manifest;
    manifest.set_kind(kind);
    manifest.add_files()->set_path("file");
    *manifest.mutable_files(0)->mutable_blob() = *(*store)->Put(text);
    const std::string id = *bonsai::PutManifest(**store, manifest);
    if (kind == "checkpoint") {
      event.mutable_checkpoint()->set_step(++checkpoints_);
      event.mutable_checkpoint()->set_manifest_id(id);
    } else {
      event.mutable_artifact()->set_manifest_id(id);
    }
  }

  void Fork() {
    pid_t child = fork();
    if (child == 0) {
      signal(SIGTERM, SIG_IGN);
      while (true) pause();
    }
    printf("grandchild %d\n", child);
    fflush(stdout);
  }

  void Wait() {
    signal(SIGTERM, OnStop);
    Report("progress", "1");
    while (stopped == 0) usleep(1000);
    Report("checkpoint", "9");
    _exit(75);
  }

  [[noreturn]] void Hang() {
    signal(SIGTERM, SIG_IGN);
    Report("progress", "1");
    while (true) pause();
  }

  uint64_t checkpoints_ = 0;
  bonsai::v1::Task task_;
  bonsai::EventWriter writer_;
};

}  // namespace

int main(int argc, char** argv) {
  absl::string_view path = argc > 1 ? argv[1] : "";
  if (!absl::ConsumePrefix(&path, "--task=")) return 65;
  absl::StatusOr<bonsai::v1::Task> task = bonsai::ReadTaskFile(std::string(path));
  if (!task.ok()) {
    fprintf(stderr, "%s\n", std::string(task.status().message()).c_str());
    return 65;
  }
  FakeRunner runner(*task);
  for (const std::string& command : task->spec().data().sources(0).paths()) runner.Do(command);
  return 0;
}
