// A bundle: one file that is the engine's executable with a model appended, so that one push to a device is
// enough.
//
//   executable | section bytes, each at a multiple of 4096 | index | footer
//
// The index is a little-endian list: for each section, u32 name length, name, u64 offset, u64 size, u32
// CRC-32 of the bytes. The footer, the file's last 32 bytes: u64 index offset, u64 index size, u32 CRC-32 of
// the index, u32 version (1), and the 8 bytes "BONSAIBN". The loader of the operating system ignores what
// follows an executable, and the reader starts from the end.
//
// The build runner writes bundles, the engine's main reads them. Standard library and POSIX only.
#ifndef BONSAI_EDGE_RUNTIME_ENGINE_BUNDLE_H_
#define BONSAI_EDGE_RUNTIME_ENGINE_BUNDLE_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace bonsai::edge {

// The names that the engine looks for.
inline constexpr char kBundleConfig[] = "config.json";
inline constexpr char kBundleWeights[] = "model.safetensors";
inline constexpr char kBundleTokenizer[] = "tokenizer.model";
inline constexpr char kBundleTokenizerJson[] = "tokenizer.json";  // one of the two
inline constexpr char kBundleDescription[] =
    "bundle.json";  // what the builder wants to tell; not needed to run

struct BundleSource {
  std::string name;
  std::string path;  // the file that becomes the section
};

// Writes a bundle at `path`, with the executable's permissions, streaming: memory does not grow with the
// model. The file appears whole or not at all. False and *error (path and reason) if a file cannot be read or
// written, a name is empty, too long or occurs twice, or there are more than 1000.
bool WriteBundle(const std::string& path, const std::string& executable,
                 const std::vector<BundleSource>& sections, std::string* error);

// The sections of a bundle, by name; they point into `bytes`. On failure returns false; *error says what is
// wrong: no bundle at all, an index or a section outside the file, a checksum. verify: also check every
// section's checksum, which reads the whole file.
bool ReadBundle(std::span<const uint8_t> bytes, bool verify,
                std::map<std::string, std::span<const uint8_t>>* sections, std::string* error);

// CRC-32 (ISO 3309, as in gzip) of what `crc` already covers (0 at first) and `bytes`.
uint32_t Crc32(uint32_t crc, std::span<const uint8_t> bytes);

}  // namespace bonsai::edge

#endif  // BONSAI_EDGE_RUNTIME_ENGINE_BUNDLE_H_
