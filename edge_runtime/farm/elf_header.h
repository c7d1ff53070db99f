// What an ELF executable says about itself: for which machine it is, and whether it needs a dynamic loader.
//
// Called by the build runner, on what a compiler made, and by the benchmark runner, to choose an emulator. A
// pure function; safe from any thread.
#ifndef BONSAI_EDGE_RUNTIME_FARM_ELF_HEADER_H_
#define BONSAI_EDGE_RUNTIME_FARM_ELF_HEADER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace bonsai {

struct ElfHeader {
  uint16_t machine = 0;          // e_machine: 62 x86-64, 183 AArch64, 243 RISC-V
  bool position_fixed = false;   // e_type is ET_EXEC; otherwise ET_DYN (a static PIE is that too)
  bool has_interpreter = false;  // it asks for a dynamic loader: not static
};

// Reads the header and the program headers of a 64-bit little-endian executable. `bytes` may be only the
// front of the file, as long as it holds those. InvalidArgument says what is wrong.
absl::StatusOr<ElfHeader> ParseElfHeader(absl::string_view bytes);

// "x86_64", "aarch64", "riscv64", or "machine 40".
std::string MachineName(uint16_t machine);

}  // namespace bonsai

#endif  // BONSAI_EDGE_RUNTIME_FARM_ELF_HEADER_H_
