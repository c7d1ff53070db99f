// Track files: one v1.Track in protobuf's text format each, named <track>.textproto. Read by the coordinator
// when it starts and by the submission runner. Safe to call from any thread.
#ifndef BONSAI_EVALUATOR_TRACKS_TRACK_FILE_H_
#define BONSAI_EVALUATOR_TRACKS_TRACK_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "bonsai/v1/report.pb.h"

namespace bonsai {

// Parses and checks one track. `file` stands for the file in errors, and its stem must be the track's name.
// InvalidArgument: "<file>:<line>:<column>: <what>" where the text is not a Track, else "<file>: <field>
// ...".
absl::StatusOr<v1::Track> ParseTrack(absl::string_view file, absl::string_view text);

// Every *.textproto of the folder, sorted by name. Errors: NotFound (no such folder); those of ParseTrack.
absl::StatusOr<std::vector<v1::Track>> LoadTracks(const std::string& folder);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_TRACKS_TRACK_FILE_H_
