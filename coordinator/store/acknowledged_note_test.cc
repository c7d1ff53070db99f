#include "coordinator/store/acknowledged_note.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace bonsai {
namespace {

class AcknowledgedNoteTest : public testing::Test {
 protected:
  AcknowledgedNoteTest() {
    std::string dir = testing::TempDir() + "/note-XXXXXX";
    folder_ = mkdtemp(dir.data());
    Write("CURRENT", "MANIFEST-000005\n");
    Write("MANIFEST-000005", "tables 1 and 2");
  }
  void Write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ + "/" + name, std::ios::trunc) << bytes;
  }
  std::string folder_;
};

TEST_F(AcknowledgedNoteTest, FewerWritesThanWereAcknowledgedAreALoss) {
  {
    auto note = AcknowledgedNote::Open(folder_, 0);
    ASSERT_TRUE(note.ok()) << note.status();
    ASSERT_TRUE((*note)->Raise(12).ok());
  }
  EXPECT_TRUE(AcknowledgedNote::CheckTables(folder_).ok());
  EXPECT_TRUE(absl::IsDataLoss(AcknowledgedNote::Open(folder_, 11).status()));
  EXPECT_TRUE(AcknowledgedNote::Open(folder_, 12).ok());
}

TEST_F(AcknowledgedNoteTest, AListOfTablesThatIsCutOrChangedIsALossAndOneThatGrewIsNot) {
  auto note = AcknowledgedNote::Open(folder_, 1);
  ASSERT_TRUE(note.ok()) << note.status();
  Write("MANIFEST-000005", "tables 1 and 2 and 3");
  EXPECT_TRUE(AcknowledgedNote::CheckTables(folder_).ok()) << "grown since it was noted";
  ASSERT_TRUE((*note)->Raise(2).ok());
  Write("MANIFEST-000005", "tables 1 and 2");
  EXPECT_TRUE(absl::IsDataLoss(AcknowledgedNote::CheckTables(folder_)));
  Write("MANIFEST-000005", "tables 1 and 2 and 4");
  EXPECT_TRUE(absl::IsDataLoss(AcknowledgedNote::CheckTables(folder_)));
  Write("CURRENT", "MANIFEST-000009\n");
  EXPECT_TRUE(AcknowledgedNote::CheckTables(folder_).ok()) << "another list, of which nothing was noted";
}

TEST_F(AcknowledgedNoteTest, ADamagedNoteSaysNothing) {
  ASSERT_TRUE(AcknowledgedNote::Open(folder_, 12).ok());
  std::fstream(folder_ + "/ACKNOWLEDGED", std::ios::in | std::ios::out | std::ios::binary).put(13);
  EXPECT_TRUE(AcknowledgedNote::CheckTables(folder_).ok());
  EXPECT_TRUE(AcknowledgedNote::Open(folder_, 3).ok());
}

TEST_F(AcknowledgedNoteTest, AFolderWithoutADatabaseHasNothingToLose) {
  EXPECT_TRUE(AcknowledgedNote::CheckTables(folder_ + "/none").ok());
  EXPECT_TRUE(absl::IsNotFound(AcknowledgedNote::Open(folder_ + "/none", 0).status()));
}

}  // namespace
}  // namespace bonsai
