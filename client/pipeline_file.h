// Reads a pipeline file: variables replaced, parsed as text format, paths of data made absolute.
//
// Called by `submit`. Reads files; no other effect.
#ifndef BONSAI_CLIENT_PIPELINE_FILE_H_
#define BONSAI_CLIENT_PIPELINE_FILE_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/job.pb.h"

namespace bonsai {

// The pipeline in a file ("-": standard input) of at most 1 MiB. Errors: NotFound and the like with the
// file's name; InvalidArgument as ParsePipeline.
absl::StatusOr<v1::Pipeline> ReadPipelineFile(const std::string& path,
                                              const std::map<std::string, std::string>& settings);

// The pipeline in a text; `file` is its name in messages. InvalidArgument has one line per problem:
// "FILE:LINE:COLUMN: what" (lines and columns of the file, from 1), or as ReplaceVariables says it.
absl::StatusOr<v1::Pipeline> ParsePipeline(absl::string_view text, absl::string_view file,
                                           const std::map<std::string, std::string>& settings);

// Prefixes `dir` to every relative path of a data source: workers have other working folders than the user.
void MakeDataPathsAbsolute(absl::string_view dir, v1::Pipeline& pipeline);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_PIPELINE_FILE_H_
