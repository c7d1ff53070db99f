#include "worker/train/row_packing.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

namespace bonsai {
namespace {

using Rows = std::vector<std::vector<uint32_t>>;

// The longest first; equal ones in their own order.
std::vector<uint32_t> LongestFirst(absl::Span<const uint32_t> lengths) {
  std::vector<uint32_t> order(lengths.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return lengths[a] > lengths[b]; });
  return order;
}

// Each sequence goes where it leaves the least room.
Rows BestFit(absl::Span<const uint32_t> lengths, const std::vector<uint32_t>& order, uint32_t room) {
  Rows rows;
  std::set<std::pair<uint32_t, size_t>> left;  // the room of each row, and the row
  for (const uint32_t i : order) {
    const auto best = left.lower_bound({lengths[i], 0});
    size_t row = rows.size();
    uint32_t free = room;
    if (best == left.end()) {
      rows.emplace_back();
    } else {
      free = best->first;
      row = best->second;
      left.erase(best);
    }
    rows[row].push_back(i);
    left.emplace(free - lengths[i], row);
  }
  return rows;
}

// Each sequence goes to the row that is the shortest so far (Graham 1969). Empty if a row comes to more than
// `room`.
Rows Level(absl::Span<const uint32_t> lengths, const std::vector<uint32_t>& order, uint32_t room,
           size_t count) {
  Rows rows(count);
  std::set<std::pair<uint32_t, size_t>> filled;
  for (size_t row = 0; row < count; ++row) filled.emplace(0u, row);
  for (const uint32_t i : order) {
    const auto [length, row] = *filled.begin();
    if (lengths[i] > room - length) return {};
    filled.erase(filled.begin());
    rows[row].push_back(i);
    filled.emplace(length + lengths[i], row);
  }
  return rows;
}

}  // namespace

Rows PackRows(absl::Span<const uint32_t> lengths, uint32_t room, uint32_t rows_multiple) {
  const std::vector<uint32_t> order = LongestFirst(lengths);
  Rows fitted = BestFit(lengths, order, room);
  const size_t multiple = std::max<size_t>(1, rows_multiple);
  const size_t rounded = (fitted.size() + multiple - 1) / multiple * multiple;
  for (const size_t count : {std::min(rounded, lengths.size()), fitted.size()}) {
    Rows level = Level(lengths, order, room, count);
    if (!level.empty()) return level;
  }
  return fitted;
}

}  // namespace bonsai
