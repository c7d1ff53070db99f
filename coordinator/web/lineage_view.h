// Where an artifact came from, down to the files that its data jobs read: a tree that unfolds without a
// script, and two tables, of artifacts and of files.
//
// Called by the submission's page and the API. Pure functions over what ArtifactCatalog gives.
#ifndef BONSAI_COORDINATOR_WEB_LINEAGE_VIEW_H_
#define BONSAI_COORDINATOR_WEB_LINEAGE_VIEW_H_

#include <string>

#include "absl/strings/string_view.h"
#include "bonsai/v1/coordinator.pb.h"
#include "coordinator/web/table.h"

namespace bonsai {

// Nested lists from the artifact to its sources. An artifact that is reached twice is drawn where it comes
// first, and linked to from there on.
std::string LineageTreeHtml(const v1::GetArtifactResponse& artifact);

// `path` is where the API has the tables' figures: "/api/v1/submissions/<id>".
Table LineageArtifactsTable(const v1::GetArtifactResponse& artifact, absl::string_view path);
Table LineageSourcesTable(const v1::GetArtifactResponse& artifact, absl::string_view path);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_LINEAGE_VIEW_H_
