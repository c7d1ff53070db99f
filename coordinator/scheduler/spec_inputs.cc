#include "coordinator/scheduler/spec_inputs.h"

#include "absl/strings/str_cat.h"
#include "bonsai/v1/options.pb.h"

namespace bonsai {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Inputs that may be left out. Repeated ones may be empty without being here.
bool IsOptional(const std::string& path, const Message& message) {
  if (path == "evaluate.bits_per_byte.xz_reference" || path == "evaluate.compare_with") return true;
  const FieldDescriptor* mixture = message.GetDescriptor()->FindFieldByName("mixture");
  return path == "pack.corpus" && message.GetReflection()->FieldSize(message, mixture) > 0;
}

void ListInputs(const Message& message, const std::string& path, std::vector<SpecInput>& inputs);

void ListField(const Message& message, const FieldDescriptor& field, const std::string& path,
               std::vector<SpecInput>& inputs) {
  const Reflection& reflection = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    if (!field.is_repeated()) {
      if (reflection.HasField(message, &field))
        ListInputs(reflection.GetMessage(message, &field), path, inputs);
      return;
    }
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      ListInputs(reflection.GetRepeatedMessage(message, &field, i), absl::StrCat(path, "[", i, "]"), inputs);
    }
    return;
  }
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING || !field.options().HasExtension(v1::input_kinds))
    return;
  const std::string kinds = field.options().GetExtension(v1::input_kinds);
  if (!field.is_repeated()) {
    const std::string value = reflection.GetString(message, &field);
    if (!value.empty() || !IsOptional(path, message)) inputs.push_back({path, value, kinds});
    return;
  }
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    inputs.push_back(
        {absl::StrCat(path, "[", i, "]"), reflection.GetRepeatedString(message, &field, i), kinds});
  }
}

void ListInputs(const Message& message, const std::string& path, std::vector<SpecInput>& inputs) {
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor& field = *descriptor->field(i);
    ListField(message, field, absl::StrCat(path, path.empty() ? "" : ".", field.name()), inputs);
  }
}

}  // namespace

std::vector<SpecInput> ListSpecInputs(const v1::JobSpec& spec) {
  std::vector<SpecInput> inputs;
  ListInputs(spec, "", inputs);
  return inputs;
}

}  // namespace bonsai
