// Times, counts and sizes as text for people: in logs, reports and estimates of training runs.
//
// Pure functions.
#ifndef BONSAI_WORKER_TRAIN_FIGURE_TEXT_H_
#define BONSAI_WORKER_TRAIN_FIGURE_TEXT_H_

#include <string>

namespace bonsai {

// "12 s", "3 min 05 s", "2 h 03 min".
std::string SecondsText(double seconds);
// "950", "12.3 k", "1.23 M", "4.56 G", ... : powers of 1000, three digits or so.
std::string CountText(double count);
// "12.3 MiB".
std::string BytesText(double bytes);

}  // namespace bonsai

#endif  // BONSAI_WORKER_TRAIN_FIGURE_TEXT_H_
