#include "edge_runtime/farm/elf_header.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <sstream>

namespace bonsai {
namespace {

using testing::HasSubstr;

std::string Elf(uint16_t machine, uint16_t type, uint32_t segment_type) {
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_type = type;
  header.e_machine = machine;
  header.e_phoff = sizeof(header);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = 1;
  Elf64_Phdr segment = {};
  segment.p_type = segment_type;
  return std::string(reinterpret_cast<const char*>(&header), sizeof(header)) +
         std::string(reinterpret_cast<const char*>(&segment), sizeof(segment));
}

TEST(ElfHeader, TellsMachineAndInterpreter) {
  auto header = ParseElfHeader(Elf(EM_RISCV, ET_EXEC, PT_LOAD));
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(MachineName(header->machine), "riscv64");
  EXPECT_TRUE(header->position_fixed);
  EXPECT_FALSE(header->has_interpreter);
  EXPECT_TRUE(ParseElfHeader(Elf(EM_AARCH64, ET_DYN, PT_INTERP))->has_interpreter);
  EXPECT_EQ(MachineName(40), "machine 40");
}

TEST(ElfHeader, ReadsThisVeryProgram) {
  std::stringstream bytes;
  bytes << std::ifstream("/proc/self/exe", std::ios::binary).rdbuf();
  auto header = ParseElfHeader(bytes.str());
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_TRUE(header->has_interpreter);
}

TEST(ElfHeader, RefusesWhatIsNoExecutable) {
  EXPECT_THAT(std::string(ParseElfHeader("#!/bin/sh\n").status().message()), HasSubstr("not an ELF file"));
  EXPECT_THAT(std::string(ParseElfHeader(Elf(EM_X86_64, ET_REL, PT_LOAD)).status().message()),
              HasSubstr("not an executable"));
  const std::string elf = Elf(EM_X86_64, ET_EXEC, PT_LOAD);
  for (size_t size = 0; size < elf.size(); ++size)
    EXPECT_FALSE(ParseElfHeader(elf.substr(0, size)).ok()) << size;
}

}  // namespace
}  // namespace bonsai
