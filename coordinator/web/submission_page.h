// A submission's page: its scores beside their floors, the rules of its track, its devices, how it was made
// and how to make it again, what it answered, and how that differs from the evaluation before.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_WEB_SUBMISSION_PAGE_H_
#define BONSAI_COORDINATOR_WEB_SUBMISSION_PAGE_H_

#include <string>
#include <vector>

#include "bonsai/v1/coordinator.pb.h"
#include "coordinator/web/item_sample.h"
#include "coordinator/web/page_frame.h"
#include "coordinator/web/table.h"

namespace bonsai {

struct SubmissionView {
  v1::LeaderboardRow row;
  v1::Track track;                   // its name alone where the track is not installed any more
  v1::GetArtifactResponse artifact;  // with its lineage
  std::string lineage_problem;       // why there is no lineage; empty: there is
  std::vector<ItemSample> samples;
};

// All tables of the page, by their ids; the API serves them one by one.
std::vector<Table> SubmissionTables(const SubmissionView& view);

std::string SubmissionPage(const PageFiles& files, const SubmissionView& view);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_SUBMISSION_PAGE_H_
