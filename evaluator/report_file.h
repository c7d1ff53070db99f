// Reports as files of an artifact: "<name>.binpb" for programs, "<name>.json" for people. Called by the
// evaluation and submission runners. Pure but for the blob store.
#ifndef BONSAI_EVALUATOR_REPORT_FILE_H_
#define BONSAI_EVALUATOR_REPORT_FILE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/artifact.pb.h"
#include "google/protobuf/message.h"
#include "runner/runner.h"

namespace bonsai {

// Adds both files to the manifest. The binary one is serialised deterministically; the JSON keeps the proto's
// names.
absl::Status AddReport(RunnerContext& context, const google::protobuf::Message& report,
                       absl::string_view name, v1::Manifest& manifest);

// Reads "<name>.binpb" of an input. DataLoss if it is not such a message; as RunnerContext::InputPath.
absl::Status ReadReport(RunnerContext& context, const InputArtifact& input, absl::string_view name,
                        google::protobuf::Message* report);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_REPORT_FILE_H_
