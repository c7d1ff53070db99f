#include "coordinator/scheduler/sweep_expansion.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "coordinator/scheduler/job_kinds.h"
#include "coordinator/scheduler/near_names.h"
#include "coordinator/scheduler/sweep_draw.h"

namespace bonsai {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kNameBytesMax = 64;  // of a job
constexpr size_t kValueBytesMax = 4096;
constexpr size_t kMetricBytesMax = 64;
constexpr int kParametersMax = 16;
constexpr int kRungsMax = 16;

absl::Status Wrong(const v1::Sweep& sweep, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("sweep of \"", sweep.job(), "\": ", what));
}

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

class Expansion {
 public:
  explicit Expansion(const v1::Pipeline& pipeline) : pipeline_(pipeline) {}
  absl::StatusOr<v1::Pipeline> Run();

 private:
  absl::Status Check(const v1::Sweep& sweep, const v1::JobSpec& job) const;
  absl::Status CheckRungs(const v1::Sweep& sweep, const v1::JobSpec& job) const;
  absl::Status AddVariants(const v1::Sweep& sweep, const v1::JobSpec& job, v1::Pipeline& expanded);
  const v1::Sweep* FindSweep(const std::string& job) const;

  const v1::Pipeline& pipeline_;
  int jobs_ = 0;  // of all sweeps, later rungs included
};

absl::StatusOr<v1::Pipeline> Expansion::Run() {
  std::set<std::string> names;
  for (const v1::JobSpec& job : pipeline_.jobs()) {
    if (job.has_sweep()) {
      return absl::InvalidArgumentError(
          absl::StrCat("job \"", job.name(),
                       "\": sweep is set: a job's place in a sweep comes from the pipeline's sweeps"));
    }
    names.insert(job.name());
  }
  std::set<std::string> swept;
  for (const v1::Sweep& sweep : pipeline_.sweeps()) {
    if (names.count(sweep.job()) == 0) return Wrong(sweep, "the pipeline has no job of that name");
    if (!swept.insert(sweep.job()).second) return Wrong(sweep, "there are two of them; a job has one");
  }
  v1::Pipeline expanded = pipeline_;
  expanded.clear_jobs();
  for (const v1::JobSpec& job : pipeline_.jobs()) {
    if (const v1::Sweep* sweep = FindSweep(job.name())) {
      if (absl::Status added = AddVariants(*sweep, job, expanded); !added.ok()) return added;
    } else {
      *expanded.add_jobs() = job;
    }
  }
  return expanded;
}

const v1::Sweep* Expansion::FindSweep(const std::string& job) const {
  for (const v1::Sweep& sweep : pipeline_.sweeps()) {
    if (sweep.job() == job) return &sweep;
  }
  return nullptr;
}

absl::Status Expansion::Check(const v1::Sweep& sweep, const v1::JobSpec& job) const {
  if (sweep.parameters_size() > kParametersMax) {
    return Wrong(sweep, absl::StrCat("has ", sweep.parameters_size(), " parameters: must have at most ",
                                     kParametersMax));
  }
  if (sweep.metric().empty() || sweep.metric().size() > kMetricBytesMax) {
    return Wrong(sweep,
                 absl::StrCat("metric is \"", sweep.metric().substr(0, kMetricBytesMax),
                              "\": must name a figure that the variants report, \"validation_loss\" or "
                              "\"loss\", in at most ",
                              kMetricBytesMax, " bytes"));
  }
  std::set<std::string> fields;
  for (const v1::Sweep::Parameter& parameter : sweep.parameters()) {
    if (!fields.insert(parameter.field()).second) {
      return Wrong(sweep, absl::StrCat("parameter \"", parameter.field(), "\" is there twice"));
    }
    if (!sweep.step_field().empty() && parameter.field() == sweep.step_field()) {
      return Wrong(sweep, absl::StrCat("step_field \"", sweep.step_field(), "\" is a parameter too"));
    }
  }
  return CheckRungs(sweep, job);
}

absl::Status Expansion::CheckRungs(const v1::Sweep& sweep, const v1::JobSpec& job) const {
  if (sweep.rung_steps().empty()) {
    if (sweep.step_field().empty() && sweep.eta() == 0) return absl::OkStatus();
    return Wrong(sweep, "step_field or eta is set, but rung_steps is empty: successive halving needs rungs");
  }
  if (sweep.step_field().empty()) {
    return Wrong(sweep, "rung_steps is set, but step_field is empty: \"pretrain.stop_after_steps\", say");
  }
  absl::StatusOr<Place> place = FindField(sweep.step_field(), job, nullptr);
  if (!place.ok()) return Wrong(sweep, absl::StrCat("step_field: ", place.status().message()));
  if (!IsInteger(*place->field)) {
    return Wrong(sweep, absl::StrCat("step_field \"", sweep.step_field(), "\" is not a whole number"));
  }
  if (sweep.eta() == 1 || sweep.eta() > 1000) {
    return Wrong(sweep, absl::StrCat("eta is ", sweep.eta(), ": must be from 2 to 1000, or 0 for 3"));
  }
  if (sweep.rung_steps_size() < 2 || sweep.rung_steps_size() > kRungsMax) {
    return Wrong(sweep, absl::StrCat("rung_steps has ", sweep.rung_steps_size(), " entries: must have 2 to ",
                                     kRungsMax));
  }
  for (int i = 0; i < sweep.rung_steps_size(); ++i) {
    if (sweep.rung_steps(i) == 0 || (i > 0 && sweep.rung_steps(i) <= sweep.rung_steps(i - 1))) {
      return Wrong(sweep, absl::StrCat("rung_steps[", i, "] is ", sweep.rung_steps(i),
                                       ": must be larger than the one before, and than 0"));
    }
    v1::JobSpec rung = job;
    if (absl::Status set = SetSpecField(sweep.step_field(), absl::StrCat(sweep.rung_steps(i)), rung);
        !set.ok())
      return Wrong(sweep, absl::StrCat("rung_steps[", i, "]: ", set.message()));
  }
  return absl::OkStatus();
}

absl::Status Expansion::AddVariants(const v1::Sweep& sweep, const v1::JobSpec& job, v1::Pipeline& expanded) {
  if (absl::Status checked = Check(sweep, job); !checked.ok()) return checked;
  std::vector<bool> integer;
  for (const v1::Sweep::Parameter& parameter : sweep.parameters()) {
    absl::StatusOr<Place> place = FindField(parameter.field(), job, nullptr);
    if (!place.ok()) return Wrong(sweep, std::string(place.status().message()));
    integer.push_back(IsInteger(*place->field));
  }
  auto choices = DrawVariants(sweep, integer, kSweepJobsMax);
  if (!choices.ok()) return choices.status();
  for (uint32_t size : RungSizes(sweep, static_cast<uint32_t>(choices->size())))
    jobs_ += static_cast<int>(size);
  if (jobs_ > kSweepJobsMax) {
    return Wrong(sweep, absl::StrCat("the pipeline's sweeps come to ", jobs_,
                                     " jobs, later rungs included: must be at most ", kSweepJobsMax));
  }
  const uint32_t last_rung = static_cast<uint32_t>(std::max(1, sweep.rung_steps_size())) - 1;
  const size_t longest =
      VariantName(job.name(), static_cast<uint32_t>(choices->size()) - 1, last_rung).size();
  if (longest > kNameBytesMax) {
    return Wrong(sweep,
                 absl::StrCat("the names of its jobs have up to ", longest, " bytes: must have at most ",
                              kNameBytesMax, "; give the job a shorter name"));
  }
  for (uint32_t i = 0; i < choices->size(); ++i) {
    v1::JobSpec& variant = *expanded.add_jobs();
    variant = job;
    variant.set_name(VariantName(job.name(), i, 0));
    variant.mutable_sweep()->set_job(job.name());
    variant.mutable_sweep()->set_variant(i);
    for (int p = 0; p < sweep.parameters_size(); ++p) {
      const std::string& field = sweep.parameters(p).field();
      const std::string& value = (*choices)[i][static_cast<size_t>(p)];
      if (absl::Status set = SetSpecField(field, value, variant); !set.ok())
        return Wrong(sweep, std::string(set.message()));
      variant.mutable_sweep()->add_settings(absl::StrCat(field, ": ", value));
    }
    if (sweep.rung_steps().empty()) continue;
    absl::Status set = SetSpecField(sweep.step_field(), absl::StrCat(sweep.rung_steps(0)), variant);
    if (!set.ok()) return Wrong(sweep, std::string(set.message()));
  }
  v1::JobSpec& head = *expanded.add_jobs();
  head = job;
  head.mutable_sweep()->set_job(job.name());
  head.mutable_sweep()->set_selects(true);
  return absl::OkStatus();
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

std::string VariantName(absl::string_view job, uint32_t variant, uint32_t rung) {
  return rung == 0 ? absl::StrCat(job, "-", variant) : absl::StrCat(job, "-", variant, "-r", rung);
}

std::vector<uint32_t> RungSizes(const v1::Sweep& sweep, uint32_t variants) {
  std::vector<uint32_t> sizes = {variants};
  const uint32_t eta = sweep.eta() == 0 ? 3 : sweep.eta();
  for (int rung = 1; rung < sweep.rung_steps_size(); ++rung)
    sizes.push_back(std::max(1u, sizes.back() / eta));
  return sizes;
}

absl::StatusOr<v1::Pipeline> ExpandSweeps(const v1::Pipeline& pipeline) {
  if (pipeline.sweeps().empty()) {
    for (const v1::JobSpec& job : pipeline.jobs()) {
      if (job.has_sweep()) return Expansion(pipeline).Run();
    }
    return pipeline;
  }
  return Expansion(pipeline).Run();
}

}  // namespace bonsai
