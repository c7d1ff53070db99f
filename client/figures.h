// Figures for people: counts, bytes, durations, rates and measured values, as short as they can be without
// lying.
//
// Called by the views. Pure functions. What is not a number shows as "NaN", "inf" or "-inf".
#ifndef BONSAI_CLIENT_FIGURES_H_
#define BONSAI_CLIENT_FIGURES_H_

#include <cstdint>
#include <string>

namespace bonsai {

// "1,234,567"
std::string FormatCount(uint64_t count);

// "999 B", "1.5 KiB", "12.3 MiB": powers of 1024.
std::string FormatBytes(uint64_t bytes);

// "0.4s", "12s", "3m05s", "2h03m", "4d02h". Negative counts as 0.
std::string FormatSeconds(double seconds);

// A rate per second, without its unit: "0.53", "12.3", "843", "12.3k", "1.2M".
std::string FormatRate(double rate);

// A measured value with four significant digits: "4.213", "0.0012", "1.2e-09".
std::string FormatValue(double value);

}  // namespace bonsai

#endif  // BONSAI_CLIENT_FIGURES_H_
