#include "coordinator/scheduler/sweep_draw.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bonsai {
namespace {

using Choice = std::vector<std::string>;

absl::Status Wrong(const v1::Sweep& sweep, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("sweep of \"", sweep.job(), "\": ", what));
}

// The finaliser of SplitMix64 (Steele, Lea, Flood 2014) over a counter.
class Stream {
 public:
  explicit Stream(uint64_t seed) : state_(seed) {}

  uint64_t Bits() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // In [0, 1).
  double Unit() { return static_cast<double>(Bits() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

bool HasBounds(const v1::Sweep::Parameter& parameter) {
  return std::isfinite(parameter.min()) && std::isfinite(parameter.max()) &&
         parameter.min() < parameter.max() && (!parameter.log() || parameter.min() > 0);
}

absl::Status CheckParameter(const v1::Sweep& sweep, const v1::Sweep::Parameter& parameter) {
  if (!parameter.values().empty()) return absl::OkStatus();
  const std::string name = absl::StrCat("parameter \"", parameter.field(), "\"");
  if (sweep.samples() == 0) {
    return Wrong(sweep, absl::StrCat(name, " has no values: a grid (samples is 0) needs them"));
  }
  if (HasBounds(parameter)) return absl::OkStatus();
  return Wrong(sweep, absl::StrCat(name, " has neither values nor bounds: min is ", parameter.min(),
                                   ", max is ", parameter.max(), ": must have min < max",
                                   parameter.log() ? ", and min > 0 since it is log" : ""));
}

std::string DrawValue(const v1::Sweep::Parameter& parameter, bool integer, Stream& stream) {
  const double unit = stream.Unit();
  if (!parameter.values().empty()) {
    const int count = parameter.values_size();
    return parameter.values(std::min(count - 1, static_cast<int>(unit * count)));
  }
  const bool log = parameter.log();
  const double low = log ? std::log(parameter.min()) : parameter.min();
  const double high = log ? std::log(parameter.max()) : parameter.max();
  const double drawn = log ? std::exp(low + unit * (high - low)) : low + unit * (high - low);
  if (integer) return absl::StrFormat("%.0f", std::floor(drawn));
  return absl::StrFormat("%.6g", drawn);
}

absl::StatusOr<std::vector<Choice>> DrawGrid(const v1::Sweep& sweep, size_t variants_max) {
  std::vector<Choice> choices = {{}};
  for (const v1::Sweep::Parameter& parameter : sweep.parameters()) {
    if (choices.size() * static_cast<size_t>(parameter.values_size()) > variants_max) {
      return Wrong(sweep, absl::StrCat("the grid has more than ", variants_max,
                                       " variants: take fewer values, or set samples to draw some of them"));
    }
    std::vector<Choice> longer;
    for (const Choice& choice : choices) {
      for (const std::string& value : parameter.values()) {
        longer.push_back(choice);
        longer.back().push_back(value);
      }
    }
    choices = std::move(longer);
  }
  return choices;
}

absl::StatusOr<std::vector<Choice>> DrawRandom(const v1::Sweep& sweep, const std::vector<bool>& integer,
                                               size_t variants_max) {
  if (sweep.samples() > variants_max) {
    return Wrong(sweep, absl::StrCat("samples is ", sweep.samples(), ": must be at most ", variants_max));
  }
  Stream stream(sweep.seed());
  std::vector<Choice> choices;
  std::set<Choice> seen;
  // A choice that came before is drawn again, but not for ever.
  const size_t tries_max = 1000 + 100 * static_cast<size_t>(sweep.samples());
  for (size_t tries = 0; tries < tries_max && choices.size() < sweep.samples(); ++tries) {
    Choice choice;
    for (int p = 0; p < sweep.parameters_size(); ++p) {
      choice.push_back(DrawValue(sweep.parameters(p), integer[static_cast<size_t>(p)], stream));
    }
    if (seen.insert(choice).second) choices.push_back(std::move(choice));
  }
  if (choices.size() < sweep.samples()) {
    return Wrong(sweep, absl::StrCat("samples is ", sweep.samples(), ", but only ", choices.size(),
                                     " different choices were found: ask for no more than there are"));
  }
  return choices;
}

}  // namespace

absl::StatusOr<std::vector<std::vector<std::string>>> DrawVariants(const v1::Sweep& sweep,
                                                                   const std::vector<bool>& integer,
                                                                   size_t variants_max) {
  if (sweep.parameters().empty()) return Wrong(sweep, "parameters is empty: must name at least one field");
  for (const v1::Sweep::Parameter& parameter : sweep.parameters()) {
    if (absl::Status checked = CheckParameter(sweep, parameter); !checked.ok()) return checked;
  }
  return sweep.samples() == 0 ? DrawGrid(sweep, variants_max) : DrawRandom(sweep, integer, variants_max);
}

}  // namespace bonsai
