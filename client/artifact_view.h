// Artifacts for people: the list, and one with its files, properties and all that it came from.
//
// Called by the artifacts verbs. Pure.
#ifndef BONSAI_CLIENT_ARTIFACT_VIEW_H_
#define BONSAI_CLIENT_ARTIFACT_VIEW_H_

#include <cstddef>
#include <string>

#include "absl/time/time.h"
#include "bonsai/v1/coordinator.pb.h"

namespace bonsai {

// Id (12 digits), kind, job, size, age.
std::string RenderArtifactTable(const v1::ListArtifactsResponse& response, absl::Time now, size_t width);

// One artifact; with `lineage` in the response, the tree of what it came from: kind, id, job, and for each
// file from outside its data set, licence, hash and home. An artifact that several others came from is drawn
// once.
std::string RenderArtifact(const v1::GetArtifactResponse& response, size_t width);

// What was made from it, nearest first: as RenderArtifactTable, under a heading.
std::string RenderDescendants(const v1::GetArtifactResponse& response, absl::Time now, size_t width);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_ARTIFACT_VIEW_H_
