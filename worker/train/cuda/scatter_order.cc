#include "worker/train/cuda/scatter_order.h"

#include <algorithm>

namespace bonsai::cuda {

void ScatterOrder::Fill(const int32_t* tokens, int64_t rows, int32_t* words) {
  int32_t* const order = words + 2;
  int32_t* const pieces = order + rows;
  int32_t* const groups = pieces + 4 * rows;
  std::fill(begins_.begin(), begins_.end(), 0);
  for (int64_t row = 0; row < rows; ++row) ++begins_[tokens[row] + 1];
  for (size_t token = 1; token < begins_.size(); ++token) begins_[token] += begins_[token - 1];
  // Afterwards begins_[token] is where the token's rows end.
  for (int64_t row = 0; row < rows; ++row) order[begins_[tokens[row]]++] = static_cast<int32_t>(row);
  int32_t piece = 0, group = 0, slot = 0, begin = 0;
  for (int32_t token = 0; token + 1 < static_cast<int32_t>(begins_.size()); ++token) {
    const int32_t end = begins_[token];
    const bool several = end - begin > ScatterPlan::kPieceRows;
    const int32_t first_slot = slot;
    for (int32_t at = begin; at < end; at += ScatterPlan::kPieceRows, ++piece) {
      const int32_t count = std::min<int32_t>(ScatterPlan::kPieceRows, end - at);
      const int32_t own[4] = {at, count, token, several ? slot++ : -1};
      std::copy_n(own, 4, pieces + 4 * piece);
    }
    if (several) {
      const int32_t own[3] = {token, first_slot, slot - first_slot};
      std::copy_n(own, 3, groups + 3 * group++);
    }
    begin = end;
  }
  words[0] = piece;
  words[1] = group;
}

}  // namespace bonsai::cuda
