#include "worker/train/shard_map.h"

#include <algorithm>
#include <cmath>

namespace bonsai {
namespace {

// An update's time in operations of a matrix product. AdamW's: it moves 28 bytes for each value, at 20 GB/s
// where a core's products take 150 GFLOP/s.
constexpr double kAdamwOperations = 200;

double AdamwCost(int64_t values) { return kAdamwOperations * static_cast<double>(values); }

// Five steps of Newton and Schulz, of three products each (orthogonalize.h), beside what AdamW does as well.
double MuonCost(const ParameterBlock& block) {
  const double r = static_cast<double>(std::min(block.spec.shape[0], block.spec.shape[1]));
  const double c = static_cast<double>(std::max(block.spec.shape[0], block.spec.shape[1]));
  return 5 * (4 * r * r * c + 2 * r * r * r) + AdamwCost(block.size);
}

double CostOf(const ParameterBlock& block) {
  return IsMuons(block) ? MuonCost(block) : AdamwCost(block.size);
}

// Fills each to this level, and `amount` is used up.
double LevelOf(std::vector<double> loads, double amount) {
  std::sort(loads.begin(), loads.end());
  double below = 0, level = 0;
  for (size_t i = 0; i < loads.size(); ++i) {
    below += loads[i];
    level = (below + amount) / static_cast<double>(i + 1);
    if (i + 1 == loads.size() || level <= loads[i + 1]) break;
  }
  return level;
}

class Cutter {
 public:
  explicit Cutter(int ranks) : loads_(static_cast<size_t>(ranks)) {}

  // Gives each rank neighbours: a message for each range costs more than a small matrix saves. Where the last
  // matrix of a rank goes on beyond its part of the cost, half of it decides.
  void GiveOut(const std::vector<const ParameterBlock*>& blocks) {
    double total = 0, given = 0;
    for (const ParameterBlock* block : blocks) total += CostOf(*block);
    for (const ParameterBlock* block : blocks) {
      const double cost = CostOf(*block), ranks = static_cast<double>(loads_.size());
      const int rank =
          std::min(static_cast<int>(ranks * (given + cost / 2) / total), static_cast<int>(ranks) - 1);
      loads_[static_cast<size_t>(rank)] += cost;
      given += cost;
      Add(block->offset, block->offset + block->size, rank);
    }
  }

  // Cuts these, in order, so that all ranks come to the same load as nearly as units allow.
  void Cut(const std::vector<const ParameterBlock*>& blocks) {
    int64_t total = 0;
    for (const ParameterBlock* block : blocks) total += block->size;
    const double level = LevelOf(loads_, AdamwCost(total));
    double due = 0;  // values that the ranks up to `rank` should have
    int64_t given = 0;
    int rank = -1;
    const int last = static_cast<int>(loads_.size()) - 1;
    for (const ParameterBlock* block : blocks) {
      for (int64_t begin = 0; begin < block->size;) {
        while (due < static_cast<double>(given) + kShardUnit / 2 && rank < last) {
          due += std::max(0.0, level - loads_[static_cast<size_t>(++rank)]) / kAdamwOperations;
        }
        int64_t end = block->size;
        if (rank < last) {
          const double units = std::max(1.0, std::round((due - static_cast<double>(given)) / kShardUnit));
          if (units < static_cast<double>(end - begin) / kShardUnit) {
            end = begin + static_cast<int64_t>(units) * kShardUnit;
          }
        }
        Add(block->offset + begin, block->offset + end, rank);
        given += end - begin;
        begin = end;
      }
    }
  }

  std::vector<OwnedRange> TakeRanges() {
    std::sort(ranges_.begin(), ranges_.end(),
              [](const OwnedRange& a, const OwnedRange& b) { return a.begin < b.begin; });
    std::vector<OwnedRange> joined;
    for (const OwnedRange& range : ranges_) {
      if (!joined.empty() && joined.back().owner == range.owner) {
        joined.back().end = range.end;
      } else {
        joined.push_back(range);
      }
    }
    return joined;
  }

 private:
  void Add(int64_t begin, int64_t end, int rank) {
    ranges_.push_back({static_cast<uint64_t>(begin), static_cast<uint64_t>(end), rank});
  }

  std::vector<double> loads_;  // of each rank
  std::vector<OwnedRange> ranges_;
};

}  // namespace

bool IsMuons(const ParameterBlock& block) { return block.spec.layer >= 0 && block.spec.shape.size() == 2; }

ShardMap::ShardMap(const ParameterLayout& layout, const v1::Optimizer& optimizer, int ranks) {
  std::vector<const ParameterBlock*> whole, others;
  for (const ParameterBlock& block : layout.blocks()) {
    (optimizer.has_muon() && block.spec.layer >= 0 ? whole : others).push_back(&block);
  }
  Cutter cutter(ranks);
  cutter.GiveOut(whole);
  cutter.Cut(others);
  ranges_ = cutter.TakeRanges();
}

std::vector<FlatRange> ShardMap::RangesOf(int rank) const {
  std::vector<FlatRange> ranges;
  for (const OwnedRange& range : ranges_) {
    if (range.owner == rank) ranges.push_back({range.begin, range.end});
  }
  return ranges;
}

}  // namespace bonsai
