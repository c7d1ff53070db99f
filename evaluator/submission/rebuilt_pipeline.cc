#include "evaluator/submission/rebuilt_pipeline.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/text_format.h"

namespace bonsai {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Sets the text field at a path as lineages write it, "submission.evaluations[0]". False if there is none.
bool SetField(absl::string_view path, const std::string& value, Message* message) {
  const std::vector<std::string> steps = absl::StrSplit(path, '.');
  for (size_t i = 0; i < steps.size(); ++i) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(steps[i], absl::MaxSplits('[', 1));
    const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(parts.first);
    if (field == nullptr || field->is_map()) return false;
    const auto& reflection = *message->GetReflection();
    int index = -1;
    if (field->is_repeated()) {
      if (!absl::SimpleAtoi(parts.second.substr(0, parts.second.find(']')), &index) || index < 0 ||
          index >= reflection.FieldSize(*message, field)) {
        return false;
      }
    }
    if (i + 1 == steps.size()) {
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) return false;
      index < 0 ? reflection.SetString(message, field, value)
                : reflection.SetRepeatedString(message, field, index, value);
      return true;
    }
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return false;
    message = index < 0 ? reflection.MutableMessage(message, field)
                        : reflection.MutableRepeatedMessage(message, field, index);
  }
  return false;
}

std::string FreeName(const std::string& job_id, std::set<std::string>& taken) {
  std::string name = job_id.substr(job_id.rfind('/') + 1);
  for (int i = 2; !taken.insert(name).second; ++i)
    name = absl::StrCat(job_id.substr(job_id.rfind('/') + 1), "-", i);
  return name;
}

absl::StatusOr<v1::JobSpec> SpecOf(const InputArtifact& made) {
  v1::JobSpec spec;
  if (!google::protobuf::TextFormat::ParseFromString(made.manifest.lineage().spec(), &spec) ||
      spec.spec_case() == v1::JobSpec::SPEC_NOT_SET) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ", made.manifest.kind(), " ", made.id, " does not say by which spec it was made"));
  }
  spec.clear_sweep();
  spec.clear_reuse();
  if (spec.has_evaluate()) {
    spec.mutable_evaluate()->clear_compare_with();
    spec.mutable_evaluate()->clear_answers();
    spec.mutable_evaluate()->clear_split();  // changes no figure, and its parts would want names
  }
  return spec;
}

// Each after all that it was made from. A lineage has no circles: an id vouches for its inputs' ids.
std::vector<const InputArtifact*> InOrder(const std::vector<InputArtifact>& all) {
  std::map<std::string, size_t> missing;
  std::map<std::string, std::vector<const InputArtifact*>> users;
  std::map<std::string, const InputArtifact*> by_id;
  for (const InputArtifact& one : all) by_id[one.id] = &one;
  for (const InputArtifact& one : all) {
    std::set<std::string> inputs;
    for (const v1::LineageInput& input : one.manifest.lineage().inputs()) {
      if (by_id.count(input.artifact_id()) > 0 && input.field() != "evaluate.compare_with")
        inputs.insert(input.artifact_id());
    }
    missing[one.id] = inputs.size();
    for (const std::string& input : inputs) users[input].push_back(&one);
  }
  std::vector<const InputArtifact*> order;
  for (const auto& [id, one] : by_id) {
    if (missing[id] == 0) order.push_back(one);
  }
  for (size_t i = 0; i < order.size(); ++i) {
    for (const InputArtifact* user : users[order[i]->id]) {
      if (--missing[user->id] == 0) order.push_back(user);
    }
  }
  return order;
}

}  // namespace

absl::StatusOr<v1::Pipeline> RebuildPipeline(const SubmissionFolder& folder) {
  std::vector<InputArtifact> all = folder.lineage();
  all.push_back({folder.id(), folder.manifest()});
  v1::Pipeline pipeline;
  pipeline.set_name(absl::StrCat("again-", folder.id().substr(0, 12)));
  std::set<std::string> taken;
  std::map<std::string, std::string> names;  // by artifact
  for (const InputArtifact* made : InOrder(all)) {
    if (made->manifest.kind() == "answers") continue;
    absl::StatusOr<v1::JobSpec> spec = SpecOf(*made);
    if (!spec.ok()) return spec.status();
    names[made->id] = FreeName(made->manifest.lineage().job_id(), taken);
    spec->set_name(names[made->id]);
    for (const v1::LineageInput& input : made->manifest.lineage().inputs()) {
      const auto name = names.find(input.artifact_id());
      if (name != names.end() && input.field() != "evaluate.compare_with")
        SetField(input.field(), absl::StrCat("@", name->second), &*spec);
    }
    *pipeline.add_jobs() = *std::move(spec);
  }
  return pipeline;
}

}  // namespace bonsai
