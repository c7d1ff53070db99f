#include "coordinator/scheduler/spec_field.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "coordinator/scheduler/job_kinds.h"
#include "coordinator/scheduler/near_names.h"

namespace bonsai {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kValueBytesMax = 4096;

absl::Status WrongField(absl::string_view field, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("field \"", field, "\": ", what));
}

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, google::protobuf::io::ColumnNumber, const std::string& message) override {
    if (text_.empty()) text_ = message;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

absl::Status NoSuchField(absl::string_view field, absl::string_view part, const Descriptor& message) {
  std::vector<std::string> names;
  for (int i = 0; i < message.field_count(); ++i) names.push_back(message.field(i)->name());
  const std::string near = NearestName(part, names);
  return WrongField(field,
                    near.empty()
                        ? absl::StrCat("there is no \"", part, "\"; there are: ", absl::StrJoin(names, ", "))
                        : absl::StrCat("there is no \"", part, "\"; did you mean \"", near, "\"?"));
}

// The field that a path leads to, and the message that holds it: made where it was not set. `message` is null
// to look only.
struct Place {
  Message* message = nullptr;
  const FieldDescriptor* field = nullptr;
};

absl::StatusOr<Place> FindField(absl::string_view path, const v1::JobSpec& job, Message* message) {
  const std::vector<std::string> parts = absl::StrSplit(path, '.');
  Place place;
  const Descriptor* type = v1::JobSpec::descriptor();
  for (size_t i = 0; i < parts.size(); ++i) {
    const FieldDescriptor* field = type->FindFieldByName(parts[i]);
    if (field == nullptr) return NoSuchField(path, parts[i], *type);
    if (field->is_repeated()) return WrongField(path, absl::StrCat("\"", parts[i], "\" is repeated"));
    const bool own =
        field->number() == v1::JobSpec::kNameFieldNumber || field->number() == v1::JobSpec::kSweepFieldNumber;
    if (i == 0 && own) return WrongField(path, "cannot be varied");
    const std::string kind = JobKind(job);
    if (i == 0 && field->real_containing_oneof() != nullptr && field->name() != kind) {
      return WrongField(path, absl::StrCat("the job is of kind ", kind));
    }
    place = {message, field};
    if (i + 1 == parts.size()) break;
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      return WrongField(path, absl::StrCat("\"", parts[i], "\" has no fields of its own"));
    }
    type = field->message_type();
    if (message != nullptr) message = message->GetReflection()->MutableMessage(message, field);
  }
  return place;
}

bool IsInteger(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_INT32 ||
         field.cpp_type() == FieldDescriptor::CPPTYPE_INT64 ||
         field.cpp_type() == FieldDescriptor::CPPTYPE_UINT32 ||
         field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
}

}  // namespace

absl::Status SetSpecField(absl::string_view field, absl::string_view value, v1::JobSpec& spec) {
  absl::StatusOr<Place> place = FindField(field, spec, &spec);
  if (!place.ok()) return place.status();
  if (value.size() > kValueBytesMax) {
    return WrongField(
        field, absl::StrCat("the value has ", value.size(), " bytes: must have at most ", kValueBytesMax));
  }
  const bool quoted = !value.empty() && (value[0] == '"' || value[0] == '\'');
  if (place->field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && !quoted) {
    place->message->GetReflection()->SetString(place->message, place->field, std::string(value));
    return absl::OkStatus();
  }
  place->message->GetReflection()->ClearField(place->message, place->field);
  google::protobuf::TextFormat::Parser parser;
  FirstError error;
  parser.RecordErrorsTo(&error);
  if (parser.ParseFieldValueFromString(std::string(value), place->field, place->message) &&
      error.text().empty()) {
    return absl::OkStatus();
  }
  return WrongField(field, absl::StrCat("does not take \"", value.substr(0, 100), "\": it is a ",
                                        place->field->cpp_type_name(),
                                        error.text().empty() ? "" : absl::StrCat(" (", error.text(), ")")));
}

absl::StatusOr<bool> TakesWholeNumbers(absl::string_view field, const v1::JobSpec& spec) {
  const absl::StatusOr<Place> place = FindField(field, spec, nullptr);
  if (!place.ok()) return place.status();
  return IsInteger(*place->field);
}

}  // namespace bonsai
