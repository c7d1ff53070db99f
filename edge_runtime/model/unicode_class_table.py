#!/usr/bin/env python3
"""Writes unicode_class_table.h: the classes of all code points, by Python's own tables.

A block is 256 code points, two bits each; blocks that are alike are stored once.
"""

import sys
import unicodedata

LETTER, NUMBER, SPACE = 1, 2, 3
# Unicode's property White_Space; Python's str.isspace() holds four separators more.
SPACES = set([0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000])
SPACES.update(range(0x09, 0x0E))
SPACES.update(range(0x2000, 0x200B))


def class_of(code_point):
    if code_point in SPACES:
        return SPACE
    category = unicodedata.category(chr(code_point))
    return {"L": LETTER, "N": NUMBER}.get(category[0], 0)


def rows(values):
    for i in range(0, len(values), 24):
        yield "    " + ", ".join(str(value) for value in values[i:i + 24]) + ","


def main():
    blocks, index = [], []
    for first in range(0, 0x110000, 256):
        classes = [class_of(first + i) for i in range(256)]
        packed = tuple(sum(classes[i + j] << (2 * j) for j in range(4)) for i in range(0, 256, 4))
        if packed not in blocks:
            blocks.append(packed)
        index.append(blocks.index(packed))
    assert len(blocks) <= 256
    print("// Made by unicode_class_table.py from Unicode " + unicodedata.unidata_version + ".")
    print("inline constexpr unsigned char kUnicodeBlocks[] = {")
    print("\n".join(rows(index)) + "\n};")
    print("inline constexpr unsigned char kUnicodeClasses[][64] = {")
    for block in blocks:
        print("    {" + ", ".join(str(byte) for byte in block) + "},")
    print("};")


if __name__ == "__main__":
    sys.exit(main())
