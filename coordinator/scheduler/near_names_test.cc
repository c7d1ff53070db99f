#include "coordinator/scheduler/near_names.h"

#include <gtest/gtest.h>

namespace bonsai {
namespace {

TEST(NearNamesTest, CountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("abc", ""), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("pretrain", "pretrian"), 2u);
}

TEST(NearNamesTest, NamesOnlyWhatIsNear) {
  EXPECT_EQ(NearestName("pretrian", {"pack", "pretrain"}), "pretrain");
  EXPECT_EQ(NearestName("corpu", {"corpora", "corpus"}), "corpus");
  EXPECT_EQ(NearestName("tokenizer", {"pack", "pretrain"}), "");
  EXPECT_EQ(NearestName("ab", {"xy"}), "");
  EXPECT_EQ(NearestName("a", {}), "");
  EXPECT_EQ(NearestName(std::string(1000, 'a'), {std::string(1000, 'a')}), "");
}

}  // namespace
}  // namespace bonsai
