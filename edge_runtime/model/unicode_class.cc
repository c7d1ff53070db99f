#include "edge_runtime/model/unicode_class.h"

namespace bonsai::edge {
namespace {

#include "edge_runtime/model/unicode_class_table.h"

}  // namespace

UnicodeClass UnicodeClassOf(uint32_t code_point) {
  if (code_point >= 0x110000) return UnicodeClass::kOther;
  const unsigned char packed = kUnicodeClasses[kUnicodeBlocks[code_point >> 8]][code_point >> 2 & 63];
  return static_cast<UnicodeClass>(packed >> (2 * (code_point & 3)) & 3);
}

}  // namespace bonsai::edge
