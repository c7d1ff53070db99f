#include "worker/train/model_place.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "worker/train/step_case_testing.h"

namespace bonsai {
namespace {

// Counts what the ranks agree on; gives back each value as it is.
class CountingGroup final : public RankGroup {
 public:
  explicit CountingGroup(int ranks) : ranks_(ranks) {}

  int rank() const override { return 0; }
  int ranks() const override { return ranks_; }
  absl::Status Sum(absl::Span<float>) override { return Refused(); }
  absl::Status Sum(absl::Span<double> values) override {
    ++sums;
    EXPECT_EQ(values.size(), 1u);
    EXPECT_EQ(values[0], 0.0);  // no GPU here
    return absl::OkStatus();
  }
  absl::Status SumInTree(absl::Span<float>, int) override { return Refused(); }
  absl::Status SumInTree(absl::Span<double>, int) override { return Refused(); }
  std::unique_ptr<SumUnderWay> BeginSum(absl::Span<float>) override { return nullptr; }
  std::unique_ptr<SumUnderWay> BeginSumToOwners(absl::Span<float>, absl::Span<const OwnedRange>,
                                                int) override {
    return nullptr;
  }
  absl::Status ShareFromOwners(absl::Span<float>, absl::Span<const OwnedRange>) override { return Refused(); }
  absl::StatusOr<std::string> FromRankZero(absl::string_view, absl::string_view) override {
    return Refused();
  }
  absl::Status Post(absl::string_view, absl::string_view) override { return Refused(); }
  absl::StatusOr<std::string> Find(absl::string_view) override { return Refused(); }
  std::string WhyMissing(int) const override { return ""; }

  int sums = 0;

 private:
  static absl::Status Refused() {
    ADD_FAILURE() << "not asked for before the first step";
    return absl::InternalError("not asked for");
  }

  const int ranks_;
};

int VotesOf(int ranks, const std::string& kind, const std::string& gpu_id) {
  CountingGroup group(ranks);
  const ParameterLayout layout = *ParameterLayout::Create(TinyConfig());
  TrainingPlan plan;
  plan.kind = kind;
  plan.gpu_id = gpu_id;
  EXPECT_NE(PlaceModel(group, layout, plan, 1, nullptr), nullptr);
  return group.sums;
}

TEST(ModelPlace, ARankWithoutAGpuVotesAsOneThatMayHaveOne) {
  EXPECT_EQ(VotesOf(2, "pretrain", ""), 1);
  EXPECT_EQ(VotesOf(2, "pretrain", "GPU-none"), 1);
}

TEST(ModelPlace, NobodyVotesAloneOrWhereNoGpuIsUsed) {
  EXPECT_EQ(VotesOf(1, "pretrain", ""), 0);
  EXPECT_EQ(VotesOf(1, "pretrain", "GPU-none"), 0);
  EXPECT_EQ(VotesOf(2, "sft", ""), 0);
  EXPECT_EQ(VotesOf(2, "sft", "GPU-none"), 0);
}

}  // namespace
}  // namespace bonsai
