// Figures as people read them on the pages. CSV and JSON hold the numbers themselves.
//
// Pure functions.
#ifndef BONSAI_COORDINATOR_WEB_FIGURES_H_
#define BONSAI_COORDINATOR_WEB_FIGURES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace bonsai {

// As many digits as stand below each other well: "0.4210", "61.50", "181.5", "15231", "20"; "3.1e-05" below
// 0.001.
std::string FormatFigure(double value);
// Points of a leaderboard, which are whole or shared: "10", "9.5", "3.333".
std::string FormatPoints(double points);
// "842", "15.2 K", "1.1 M", "7.24 B"
std::string FormatCount(uint64_t count);
// "512 B", "3.4 MiB"
std::string FormatBytes(uint64_t bytes);
// "2026-11-21 15:04" in UTC; "" for 0.
std::string FormatTime(int64_t unix_ms);
// "12 s", "4 min", "3.2 h", "12 days"; never negative.
std::string DurationText(absl::Duration duration);
// The first 12 digits of an artifact's id.
std::string ShortId(absl::string_view id);

}  // namespace bonsai

#endif  // BONSAI_COORDINATOR_WEB_FIGURES_H_
