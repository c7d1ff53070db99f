#include "coordinator/scheduler/reuse_table.h"

#include <map>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "bonsai/v1/options.pb.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace bonsai {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr char kComparedWith[] = "evaluate.compare_with";

// Inputs are told by their artifacts; that one pipeline calls a job otherwise than another does not matter.
void ClearInputs(Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->options().HasExtension(v1::input_kinds)) {
      reflection.ClearField(&message, field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_map()) {
      const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
      for (int i = 0; i < count; ++i) {
        ClearInputs(field->is_repeated() ? *reflection.MutableRepeatedMessage(&message, field, i)
                                         : *reflection.MutableMessage(&message, field));
      }
    }
  }
}

std::string SerializeDeterministically(const Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace

std::string WorkKey(const v1::JobRecord& job) {
  v1::JobSpec spec = job.spec();
  spec.clear_name();
  spec.clear_resources();
  spec.clear_max_attempts();
  spec.clear_priority();
  spec.clear_time_limit_seconds();
  spec.clear_progress_timeout_seconds();
  spec.clear_grace_seconds();
  spec.clear_sweep();
  spec.clear_reuse();
  ClearInputs(spec);
  std::map<std::string, std::string> inputs;
  for (const v1::ResolvedInput& input : job.inputs()) {
    if (input.field() != kComparedWith) inputs[input.field()] = input.artifact_id();
  }
  std::string key = absl::StrCat(job.tenant(), "\n");
  for (const auto& [field, artifact] : inputs) absl::StrAppend(&key, field, "=", artifact, "\n");
  return absl::StrCat(key, SerializeDeterministically(spec));
}

void ReuseTable::Add(const v1::JobRecord& job) {
  if (job.state() != v1::DONE || job.output_id().empty() || job.attempts().empty()) return;
  const v1::AttemptRecord& attempt = job.attempts(job.attempts_size() - 1);
  if (attempt.outcome() != v1::AttemptRecord::SUCCEEDED) return;
  if (absl::FromUnixMillis(attempt.started_unix_ms()) < code_since_) return;
  Done& newest = newest_[absl::HashOf(WorkKey(job))];
  if (std::pair(newest.ended_unix_ms, newest.sequence) > std::pair(job.ended_unix_ms(), job.sequence()))
    return;
  newest = {job.id(), job.ended_unix_ms(), job.sequence()};
}

void ReuseTable::NoteDone(const v1::JobRecord& job) {
  // Who never reuses anything does not pay for it.
  if (filled_) Add(job);
}

const v1::JobRecord* ReuseTable::Find(const JobTable& jobs, const v1::JobRecord& job) {
  if (!std::exchange(filled_, true)) {
    for (const auto& [id, record] : jobs.all()) Add(record);
  }
  const std::string key = WorkKey(job);
  const auto found = newest_.find(absl::HashOf(key));
  if (found == newest_.end()) return nullptr;
  const v1::JobRecord* done = jobs.Find(found->second.job_id);
  // Hashes may meet.
  return done != nullptr && WorkKey(*done) == key ? done : nullptr;
}

}  // namespace bonsai
