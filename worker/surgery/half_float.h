// IEEE 754's 16-bit floats from 32-bit ones. Called by the GGUF export. A pure function.
#ifndef BONSAI_WORKER_SURGERY_HALF_FLOAT_H_
#define BONSAI_WORKER_SURGERY_HALF_FLOAT_H_

#include <cstdint>

namespace bonsai {

// The bits of the nearest half float, of two equally near ones the even; an infinity from 65520 on; a quiet
// NaN for a NaN.
uint16_t HalfFloatBits(float value);

}  // namespace bonsai

#endif  // BONSAI_WORKER_SURGERY_HALF_FLOAT_H_
