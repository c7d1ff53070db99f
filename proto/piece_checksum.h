// The checksum of a piece of a blob on its way: CRC-32C (Castagnoli, RFC 3720 appendix B.4), by the
// processor's instruction where it has one. It finds what a wire or a memory damaged, early; that the whole
// is right is SHA-256's to say.
//
// A function without state; safe from any thread.
#ifndef BONSAI_PROTO_PIECE_CHECKSUM_H_
#define BONSAI_PROTO_PIECE_CHECKSUM_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace bonsai {

// The most bytes of a blob in one message.
inline constexpr uint64_t kPieceBytesMax = 1 << 20;

uint32_t Crc32c(absl::string_view bytes);
// The same without the processor's instruction.
uint32_t PortableCrc32c(absl::string_view bytes);

}  // namespace bonsai

#endif  // BONSAI_PROTO_PIECE_CHECKSUM_H_
