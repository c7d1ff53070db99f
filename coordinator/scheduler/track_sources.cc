#include "coordinator/scheduler/track_sources.h"

#include <string>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "evaluator/tracks/track_rules.h"

namespace bonsai {

void CheckTrackSources(const v1::Pipeline& pipeline, const std::vector<std::vector<size_t>>& needs,
                       size_t model, const v1::Track& track, ProblemList& problems) {
  std::vector<size_t> todo = {model};
  absl::btree_set<size_t> seen = {model};
  absl::btree_map<std::string, std::string> jobs_by_dataset;
  std::vector<v1::DatasetSource> sources;
  while (!todo.empty()) {
    const size_t job = todo.back();
    todo.pop_back();
    const v1::JobSpec& spec = pipeline.jobs(static_cast<int>(job));
    for (const auto& source : spec.data().sources()) {
      jobs_by_dataset.emplace(source.dataset(), spec.name());
      v1::DatasetSource& declared = sources.emplace_back();
      declared.set_dataset(source.dataset());
      declared.set_published(source.published());
    }
    for (size_t need : needs[job]) {
      if (seen.insert(need).second) todo.push_back(need);
    }
  }
  if (!track.latest_source_day().empty()) {
    for (const std::string& late : LateSources(track, sources)) {
      problems.AddText(
          "submission.track", track.name(),
          absl::StrCat("the track takes what was published until ", track.latest_source_day(), "; ", late));
    }
  }
  std::vector<std::string> datasets;
  for (const auto& [dataset, job] : jobs_by_dataset) datasets.push_back(dataset);
  for (const std::string& dataset : ForbiddenDatasets(track, datasets)) {
    problems.AddText("submission.track", track.name(),
                     absl::StrCat("the track does not allow data set \"", dataset, "\", which job \"",
                                  jobs_by_dataset[dataset], "\" reads for the model; it allows: ",
                                  absl::StrJoin(track.allowed_datasets(), ", ")));
  }
}

}  // namespace bonsai
