#include "coordinator/scheduler/last_outputs.h"

#include <vector>

#include "absl/strings/strip.h"
#include "bonsai/v1/options.pb.h"

namespace bonsai {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Last = std::function<std::string(const std::string& job)>;

void Fill(const Last& last, Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_map()) {
      const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
      for (int i = 0; i < count; ++i) {
        Fill(last, field->is_repeated() ? *reflection.MutableRepeatedMessage(&message, field, i)
                                        : *reflection.MutableMessage(&message, field));
      }
      continue;
    }
    // A list's element cannot be left out: CheckPipeline refuses it there.
    if (!field->options().HasExtension(v1::input_kinds) || field->is_repeated()) continue;
    std::string job;
    if (!IsLastOutput(reflection.GetString(message, field), &job)) continue;
    reflection.SetString(&message, field, last(job));
  }
}

}  // namespace

bool IsLastOutput(absl::string_view value, std::string* job) {
  if (!absl::ConsumePrefix(&value, "@last:")) return false;
  if (job != nullptr) *job = std::string(value);
  return true;
}

void FillLastOutputs(const Last& last, v1::Pipeline& pipeline) {
  for (v1::JobSpec& job : *pipeline.mutable_jobs()) Fill(last, job);
}

}  // namespace bonsai
