// How a training job goes, beside its progress: figures of its newest sample, and its loss curve.
//
// Called by the watch views. Pure functions.
#ifndef BONSAI_CLIENT_TRAINING_LINES_H_
#define BONSAI_CLIENT_TRAINING_LINES_H_

#include <string>
#include <vector>

#include "bonsai/v1/runner.pb.h"
#include "client/loss_curve.h"
#include "client/screen.h"

namespace bonsai {

// {"validation 4.31", "best 4.28", "gradient 0.83", "MFU 41.2%", "data wait 0.1%", "stall 0.2%", "memory 512
// MiB"}, of that what the sample has. Empty for a job that does not train.
std::vector<std::string> TrainingParts(const v1::Sample& sample);

// The figures on one line, and below them the curve, where the terminal has the characters for it. Lines of
// at most `room` columns; none for a job that does not train.
std::vector<std::string> TrainingLines(const v1::Sample& sample, const LossCurve* curve, size_t room,
                                       const Screen& screen);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_TRAINING_LINES_H_
