// Repeated measurements in one figure: outliers dropped by a stated rule, then mean, median and standard
// deviation.
//
// A pure function; safe from any thread.
#ifndef BONSAI_EDGE_RUNTIME_FARM_SPEED_STATISTICS_H_
#define BONSAI_EDGE_RUNTIME_FARM_SPEED_STATISTICS_H_

#include <vector>

#include "bonsai/v1/report.pb.h"

namespace bonsai {

// The rule in words, for reports.
inline constexpr char kOutlierRule[] =
    "a run is dropped if |0.6745 (x - median) / MAD| > 3.5 (modified z-score; MAD: median absolute "
    "deviation); "
    "none is if MAD is 0";

// `kept` and `dropped` are in the order of the runs. The standard deviation is the sample's (n - 1), 0 for
// one run. values is not empty and holds finite numbers.
v1::Distribution SummarizeRuns(const std::vector<double>& values);

}  // namespace bonsai

#endif  // BONSAI_EDGE_RUNTIME_FARM_SPEED_STATISTICS_H_
