// What a submission has in each of a track's tasks, and their geometric mean. Called by the track rules, the
// leaderboard and the results file. Pure functions over messages.
#ifndef BONSAI_EVALUATOR_TRACKS_TASK_SCORES_H_
#define BONSAI_EVALUATOR_TRACKS_TASK_SCORES_H_

#include <optional>

#include "bonsai/v1/report.pb.h"
#include "evaluator/tracks/ranking_metric.h"

namespace bonsai {

// What a score counts for at least in the geometric mean: the track's own, or 0.001.
double GeometricMeanEpsilon(const v1::Track& track);

// exp(mean of ln max(score, epsilon)) over the track's tasks that are in it. Scores of 0 are common among
// small models, and without the epsilon one of them would be all that the mean says. A task that was not
// measured counts as the epsilon, so that leaving one out gains nothing. Absent if none was measured, or none
// is in it.
std::optional<double> FindGeometricMean(const v1::Track& track, const SuiteResults& suites,
                                        const BenchmarkReports& benchmarks);

// How many of the track's tasks were measured.
int CountMeasuredTasks(const v1::Track& track, const SuiteResults& suites,
                       const BenchmarkReports& benchmarks);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_TRACKS_TASK_SCORES_H_
