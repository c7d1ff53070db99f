#include "edge_runtime/farm/elf_header.h"

#include <elf.h>

#include <cstring>

#include "absl/strings/str_cat.h"

namespace bonsai {

absl::StatusOr<ElfHeader> ParseElfHeader(absl::string_view bytes) {
  Elf64_Ehdr header;
  if (bytes.size() < sizeof(header) || std::memcmp(bytes.data(), ELFMAG, SELFMAG) != 0) {
    return absl::InvalidArgumentError("not an ELF file");
  }
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
    return absl::InvalidArgumentError("not a 64-bit little-endian ELF file");
  }
  if (header.e_type != ET_EXEC && header.e_type != ET_DYN) {
    return absl::InvalidArgumentError(absl::StrCat("ELF type ", header.e_type, " is not an executable"));
  }
  const uint64_t table_bytes = uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
  if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 || header.e_phoff > bytes.size() ||
      table_bytes > bytes.size() - header.e_phoff) {
    return absl::InvalidArgumentError(absl::StrCat("ELF program headers (", header.e_phnum, " of ",
                                                   header.e_phentsize, " bytes at ", header.e_phoff,
                                                   ") are not in the file"));
  }
  ElfHeader result;
  result.machine = header.e_machine;
  result.position_fixed = header.e_type == ET_EXEC;
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    std::memcpy(&segment, bytes.data() + header.e_phoff + i * sizeof(segment), sizeof(segment));
    result.has_interpreter = result.has_interpreter || segment.p_type == PT_INTERP;
  }
  return result;
}

std::string MachineName(uint16_t machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86_64";
    case EM_AARCH64:
      return "aarch64";
    case EM_RISCV:
      return "riscv64";
    default:
      return absl::StrCat("machine ", machine);
  }
}

}  // namespace bonsai
