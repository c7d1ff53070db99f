#include "runner/task_file.h"

#include <google/protobuf/descriptor.h>

#include "absl/strings/str_cat.h"
#include "runner/text_message.h"
#include "storage/digest.h"
#include "storage/file_bytes.h"

namespace bonsai {
namespace {

absl::Status CheckIds(const v1::Task& task) {
  for (int i = 0; i < task.inputs_size(); ++i) {
    const v1::ResolvedInput& input = task.inputs(i);
    if (input.field().empty())
      return absl::InvalidArgumentError(absl::StrCat("inputs[", i, "].field is missing"));
    if (!IsSha256Hex(input.artifact_id())) {
      return absl::InvalidArgumentError(absl::StrCat("inputs[", i, "].artifact_id (of ", input.field(),
                                                     ") is \"", input.artifact_id(),
                                                     "\": want a manifest's SHA-256"));
    }
  }
  for (int i = 0; i < task.resume_size(); ++i) {
    if (!IsSha256Hex(task.resume(i).manifest_id())) {
      return absl::InvalidArgumentError(absl::StrCat("resume[", i, "].manifest_id is \"",
                                                     task.resume(i).manifest_id(),
                                                     "\": want a manifest's SHA-256"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTask(const v1::Task& task) {
  auto missing = [](absl::string_view field, absl::string_view want) {
    return absl::InvalidArgumentError(absl::StrCat(field, " is missing: want ", want));
  };
  if (task.job_id().empty()) return missing("job_id", "\"<pipeline>/<job>\"");
  if (JobKind(task.spec()).empty()) return missing("spec", "a job's kind, as in spec { data { ... } }");
  if (task.storage_dir().empty()) return missing("storage_dir", "the folder of the blob store");
  if (task.work_dir().empty()) return missing("work_dir", "a folder for this rank alone");
  if (task.rank() >= task.ranks()) {
    return absl::InvalidArgumentError(
        absl::StrCat("rank is ", task.rank(), ": want less than ranks, ", task.ranks()));
  }
  if (task.ranks() > 1 && task.rendezvous_dir().empty()) {
    return missing("rendezvous_dir", "a folder that the ranks of this attempt share");
  }
  if (task.events_fd() < 0 || task.events_fd() == 1 || task.events_fd() == 2) {
    return absl::InvalidArgumentError(absl::StrCat("events_fd is ", task.events_fd(),
                                                   ": want 0 (print events) or an open descriptor above 2"));
  }
  return CheckIds(task);
}

}  // namespace

std::string JobKind(const v1::JobSpec& spec) {
  const google::protobuf::OneofDescriptor* kinds = v1::JobSpec::descriptor()->FindOneofByName("spec");
  const google::protobuf::FieldDescriptor* kind = spec.GetReflection()->GetOneofFieldDescriptor(spec, kinds);
  return kind == nullptr ? "" : kind->name();
}

absl::StatusOr<v1::Task> ParseTask(absl::string_view text, absl::string_view file_name) {
  v1::Task task;
  if (absl::Status status = ParseTextMessage(text, file_name, task); !status.ok()) return status;
  if (task.ranks() == 0) task.set_ranks(1);
  if (task.attempt() == 0) task.set_attempt(1);
  if (absl::Status status = CheckTask(task); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(file_name, ": ", status.message()));
  }
  return task;
}

absl::StatusOr<v1::Task> ReadTaskFile(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFileBytes(path, kTextMessageBytesMax);
  if (!text.ok()) return absl::InvalidArgumentError(absl::StrCat("task file: ", text.status().message()));
  return ParseTask(*text, path);
}

}  // namespace bonsai
