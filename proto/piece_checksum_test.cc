#include "proto/piece_checksum.h"

#include <string>

#include "gtest/gtest.h"

namespace bonsai {
namespace {

// RFC 3720, appendix B.4, and the check value of the CRC catalogues.
TEST(PieceChecksumTest, GivesTheValuesOfTheStandard) {
  std::string ascending;
  for (int i = 0; i < 32; ++i) ascending.push_back(static_cast<char>(i));
  for (auto* crc : {Crc32c, PortableCrc32c}) {
    EXPECT_EQ(crc(""), 0u);
    EXPECT_EQ(crc("123456789"), 0xE3069283u);
    EXPECT_EQ(crc(std::string(32, '\0')), 0x8A9136AAu);
    EXPECT_EQ(crc(std::string(32, '\xFF')), 0x62A8AB43u);
    EXPECT_EQ(crc(ascending), 0x46DD794Eu);
  }
}

TEST(PieceChecksumTest, TheInstructionAndTheTableAgreeAtEveryLengthAndAlignment) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) bytes.push_back(static_cast<char>(i * 37 + i / 7));
  for (size_t from = 0; from < 9; ++from) {
    for (size_t size = 0; from + size <= 100; ++size) {
      const absl::string_view part = absl::string_view(bytes).substr(from, size);
      EXPECT_EQ(Crc32c(part), PortableCrc32c(part)) << from << " " << size;
    }
  }
}

}  // namespace
}  // namespace bonsai
