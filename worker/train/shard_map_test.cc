#include "worker/train/shard_map.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bonsai {
namespace {

ParameterLayout Layout() {
  edge::ModelConfig config;
  config.dim = 64;
  config.hidden_dim = 160;
  config.layers = 3;
  config.heads = config.kv_heads = 4;
  config.head_dim = 16;
  config.vocab_size = 777;
  config.max_seq_len = 32;
  config.tied_embeddings = false;
  return *ParameterLayout::Create(config);
}

v1::Optimizer Muon() {
  v1::Optimizer optimizer;
  optimizer.mutable_muon()->set_learning_rate(0.01f);
  return optimizer;
}

TEST(ShardMap, EveryValueHasOneOwner) {
  const ParameterLayout layout = Layout();
  for (const v1::Optimizer& optimizer : {v1::Optimizer(), Muon()}) {
    for (int ranks = 1; ranks <= 9; ++ranks) {
      const ShardMap shards(layout, optimizer, ranks);
      uint64_t next = 0, of_ranks = 0;
      for (const OwnedRange& range : shards.ranges()) {
        EXPECT_EQ(range.begin, next);
        EXPECT_GT(range.end, range.begin);
        EXPECT_TRUE(range.owner >= 0 && range.owner < ranks) << range.owner;
        next = range.end;
      }
      EXPECT_EQ(next, static_cast<uint64_t>(layout.size()));
      for (int rank = 0; rank < ranks; ++rank) {
        for (const FlatRange& range : shards.RangesOf(rank)) of_ranks += range.size();
      }
      EXPECT_EQ(of_ranks, next);
    }
  }
}

TEST(ShardMap, MatricesOfMuonAreNotCutAndOtherTensorsOnlyAtUnits) {
  const ParameterLayout layout = Layout();
  for (int ranks = 2; ranks <= 9; ++ranks) {
    const ShardMap shards(layout, Muon(), ranks);
    for (const OwnedRange& range : shards.ranges()) {
      for (const ParameterBlock& block : layout.blocks()) {
        const int64_t cut = static_cast<int64_t>(range.end) - block.offset;
        if (cut <= 0 || cut >= block.size) continue;
        EXPECT_FALSE(IsMuons(block)) << block.spec.name;
        EXPECT_EQ(cut % kShardUnit, 0) << block.spec.name;
      }
    }
  }
}

TEST(ShardMap, AdamwIsSharedOutEvenly) {
  const ParameterLayout layout = Layout();
  for (int ranks = 1; ranks <= 9; ++ranks) {
    const ShardMap shards(layout, v1::Optimizer(), ranks);
    for (int rank = 0; rank < ranks; ++rank) {
      int64_t size = 0;
      for (const FlatRange& range : shards.RangesOf(rank)) size += static_cast<int64_t>(range.size());
      EXPECT_LE(std::abs(size - layout.size() / ranks), 2 * kShardUnit) << rank << " of " << ranks;
    }
  }
}

TEST(ShardMap, MuonsMatricesAreSharedOutByTheirCostToNeighbours) {
  const ParameterLayout layout = Layout();
  for (const int ranks : {2, 3, 4}) {
    const ShardMap shards(layout, Muon(), ranks);
    EXPECT_LE(shards.ranges().size(), static_cast<size_t>(3 * ranks));
    std::vector<int64_t> matrices(static_cast<size_t>(ranks));
    for (const ParameterBlock& block : layout.blocks()) {
      if (!IsMuons(block)) continue;
      const auto at = std::find_if(
          shards.ranges().begin(), shards.ranges().end(),
          [&](const OwnedRange& range) { return static_cast<int64_t>(range.end) > block.offset; });
      matrices[static_cast<size_t>(at->owner)] += block.size;
    }
    // The largest matrix has 64 x 160 values: a rank has at most half of one too many, or too few.
    const int64_t most = *std::max_element(matrices.begin(), matrices.end());
    EXPECT_LE(most - *std::min_element(matrices.begin(), matrices.end()), 2 * 64 * 160) << ranks;
  }
}

TEST(ShardMap, MoreRanksThanUnitsLeavesSomeWithNothing) {
  edge::ModelConfig config;
  config.dim = 8;
  config.hidden_dim = 8;
  config.layers = 1;
  config.heads = config.kv_heads = 1;
  config.head_dim = 8;
  config.vocab_size = 9;
  config.max_seq_len = 8;
  const ParameterLayout layout = *ParameterLayout::Create(config);
  const ShardMap shards(layout, v1::Optimizer(), 64);
  EXPECT_LE(shards.ranges().size(), layout.blocks().size());
  EXPECT_EQ(shards.ranges().back().end, static_cast<uint64_t>(layout.size()));
}

}  // namespace
}  // namespace bonsai
