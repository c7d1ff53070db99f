// The losses of a training job so far, and their curve in braille: two columns and four rows of dots in a
// character.
//
// Filled and drawn by `watch`. One thread.
#ifndef BONSAI_CLIENT_LOSS_CURVE_H_
#define BONSAI_CLIENT_LOSS_CURVE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "bonsai/v1/runner.pb.h"

namespace bonsai {

class LossCurve {
 public:
  // The most points that are kept; with more, every other one is forgotten.
  static constexpr size_t kPointsMax = 4096;

  // The "loss" of a sample, if it has one that is a number. What was known of this step and of later ones is
  // forgotten: a run that goes back takes them again.
  void Add(const v1::Sample& sample);

  // The samples of earlier steps, as a job's log of them has them: one JSON document a line. Lines that are
  // none are passed over.
  void AddEarlier(absl::string_view lines);

  bool drawable() const { return points_.size() >= 2; }

  // `rows` lines of `columns` characters: the range of values before each, the first step at the left, the
  // newest at the right. Its top is the highest value after the first tenth of the steps: what is above is
  // cut, so that the fall at the beginning does not flatten the rest. Empty unless drawable, and at least 12
  // columns and one row.
  std::vector<std::string> Render(size_t columns, size_t rows) const;

 private:
  struct Point {
    uint64_t step;
    double loss;
  };

  void Add(uint64_t step, double loss);

  std::vector<Point> points_;  // steps increasing
};

}  // namespace bonsai

#endif  // BONSAI_CLIENT_LOSS_CURVE_H_
