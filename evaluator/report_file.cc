#include "evaluator/report_file.h"

#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/util/json_util.h"
#include "storage/manifest.h"

namespace bonsai {
namespace {

constexpr uint64_t kReportBytesMax = 64 << 20;

std::string SerialiseDeterministically(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace

absl::Status AddReport(RunnerContext& context, const google::protobuf::Message& report,
                       absl::string_view name, v1::Manifest& manifest) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto printed = google::protobuf::util::MessageToJsonString(report, &json, options);
  if (!printed.ok())
    return absl::InternalError(absl::StrCat(name, ".json: ", std::string(printed.message())));
  const std::string bytes = SerialiseDeterministically(report);
  if (absl::Status status = AddBytes(context, bytes, absl::StrCat(name, ".binpb"), manifest); !status.ok()) {
    return status;
  }
  return AddBytes(context, json, absl::StrCat(name, ".json"), manifest);
}

absl::Status ReadReport(RunnerContext& context, const InputArtifact& input, absl::string_view name,
                        google::protobuf::Message* report) {
  const std::string file_name = absl::StrCat(name, ".binpb");
  const v1::ArtifactFile* entry = FindFile(input.manifest, file_name);
  if (entry != nullptr && entry->blob().size_bytes() > kReportBytesMax) {
    return absl::DataLossError(absl::StrCat("the ", input.manifest.kind(), " ", input.id, ", ", file_name,
                                            ": ", entry->blob().size_bytes(),
                                            " bytes are more than a report has"));
  }
  const absl::StatusOr<std::string> path = context.InputPath(input, file_name);
  if (!path.ok()) return path.status();
  std::ifstream file(*path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file || !report->ParseFromString(bytes)) {
    return absl::DataLossError(absl::StrCat("the ", input.manifest.kind(), " ", input.id, ", ", file_name,
                                            ": not a ", report->GetTypeName()));
  }
  return absl::OkStatus();
}

}  // namespace bonsai
