#include "edge_runtime/engine/bundle.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>

namespace bonsai::edge {
namespace {

constexpr size_t kFooterBytes = 32;
constexpr uint32_t kVersion = 1;
constexpr char kMagic[9] = "BONSAIBN";
constexpr uint64_t kPageBytes = 4096;
constexpr size_t kSectionsMax = 1000;
constexpr size_t kNameBytesMax = 255;
constexpr size_t kBufferBytes = 1 << 18;

constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xEDB88320u : 0);
    table[i] = value;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kCrcTable = MakeCrcTable();

void AppendNumber(uint64_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Writes a file beside its final path and renames it at the end; removes it if that does not come.
class PendingFile {
 public:
  explicit PendingFile(const std::string& path) : path_(path), pending_path_(path + ".pending") {
    fd_ = open(pending_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd_ < 0) reason_ = errno;
  }

  ~PendingFile() {
    if (fd_ < 0) return;
    close(fd_);
    unlink(pending_path_.c_str());
  }

  bool Write(std::span<const uint8_t> bytes, std::string* error) {
    while (fd_ >= 0 && !bytes.empty()) {
      const ssize_t written = write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return Fail(error);
      bytes = bytes.subspan(static_cast<size_t>(written));
      size_ += static_cast<uint64_t>(written);
    }
    return fd_ >= 0 || Fail(error);
  }

  bool PadTo(uint64_t alignment, std::string* error) {
    static constexpr uint8_t kZeros[kPageBytes] = {};
    return Write({kZeros, static_cast<size_t>((alignment - size_ % alignment) % alignment)}, error);
  }

  bool Commit(mode_t mode, std::string* error) {
    if (fchmod(fd_, mode) != 0 || fsync(fd_) != 0 || rename(pending_path_.c_str(), path_.c_str()) != 0) {
      return Fail(error);
    }
    close(fd_);
    fd_ = -1;
    return true;
  }

  uint64_t size() const { return size_; }

 private:
  bool Fail(std::string* error) {
    *error = pending_path_ + ": " + std::strerror(reason_ != 0 ? reason_ : errno);
    return false;
  }

  const std::string path_;
  const std::string pending_path_;
  int fd_ = -1;
  int reason_ = 0;  // why it could not be opened
  uint64_t size_ = 0;
};

// Appends the file at `path`; *crc covers its bytes, *mode takes its permissions.
bool Append(const std::string& path, PendingFile* out, uint32_t* crc, mode_t* mode, std::string* error) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    *error = path + ": " + (fd < 0 ? std::strerror(errno) : "not a regular file");
    if (fd >= 0) close(fd);
    return false;
  }
  *mode = status.st_mode & 0777;
  std::vector<uint8_t> buffer(kBufferBytes);
  bool ok = true;
  while (ok) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) *error = path + ": " + std::strerror(errno);
    if (got <= 0) {
      ok = got == 0;
      break;
    }
    const std::span<const uint8_t> piece(buffer.data(), static_cast<size_t>(got));
    *crc = Crc32(*crc, piece);
    ok = out->Write(piece, error);
  }
  close(fd);
  return ok;
}

bool CheckNames(const std::vector<BundleSource>& sections, std::string* error) {
  std::set<std::string> names;
  for (const BundleSource& section : sections) {
    if (section.name.empty() || section.name.size() > kNameBytesMax || !names.insert(section.name).second) {
      *error = "section \"" + section.name + "\": names are 1 to 255 bytes and occur once";
      return false;
    }
  }
  if (sections.size() <= kSectionsMax) return true;
  *error = std::to_string(sections.size()) + " sections; at most " + std::to_string(kSectionsMax);
  return false;
}

// Reads numbers and text from a buffer; after a failure everything is 0 and ok() false.
class IndexReader {
 public:
  explicit IndexReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  uint64_t Number(size_t size) {
    uint64_t value = 0;
    if (!Has(size)) return 0;
    for (size_t i = 0; i < size; ++i) value |= static_cast<uint64_t>(bytes_[i]) << (8 * i);
    bytes_ = bytes_.subspan(size);
    return value;
  }

  std::string Text(uint64_t size) {
    if (!Has(size)) return "";
    std::string text(reinterpret_cast<const char*>(bytes_.data()), size);
    bytes_ = bytes_.subspan(size);
    return text;
  }

  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }

 private:
  bool Has(uint64_t size) { return ok_ = ok_ && size <= bytes_.size(); }

  std::span<const uint8_t> bytes_;
  bool ok_ = true;
};

// The index of a bundle; empty and *error if there is none.
std::span<const uint8_t> FindIndex(std::span<const uint8_t> bytes, std::string* error) {
  if (bytes.size() < kFooterBytes || std::memcmp(bytes.data() + bytes.size() - 8, kMagic, 8) != 0) {
    *error = "no model is appended to this file (the footer's magic is missing)";
    return {};
  }
  IndexReader footer(bytes.last(kFooterBytes));
  const uint64_t offset = footer.Number(8), size = footer.Number(8);
  const uint64_t crc = footer.Number(4), version = footer.Number(4);
  const uint64_t end = bytes.size() - kFooterBytes;
  if (version != kVersion) {
    *error = "bundle version " + std::to_string(version) + "; supported is " + std::to_string(kVersion);
  } else if (size == 0 || offset > end || size > end - offset) {
    *error = "bundle index at " + std::to_string(offset) + " of " + std::to_string(size) +
             " bytes; the file has " + std::to_string(end) + " before its footer";
  } else if (const auto index = bytes.subspan(offset, size); Crc32(0, index) != crc) {
    *error = "bundle index: its checksum does not match";
  } else {
    return index;
  }
  return {};
}

}  // namespace

uint32_t Crc32(uint32_t crc, std::span<const uint8_t> bytes) {
  crc = ~crc;
  for (const uint8_t byte : bytes) crc = crc >> 8 ^ kCrcTable[(crc ^ byte) & 0xFF];
  return ~crc;
}

bool WriteBundle(const std::string& path, const std::string& executable,
                 const std::vector<BundleSource>& sections, std::string* error) {
  if (!CheckNames(sections, error)) return false;
  PendingFile out(path);
  mode_t mode = 0, ignored = 0;
  uint32_t crc = 0;
  if (!Append(executable, &out, &crc, &mode, error)) return false;
  std::string index;
  for (const BundleSource& section : sections) {
    if (!out.PadTo(kPageBytes, error)) return false;
    const uint64_t offset = out.size();
    crc = 0;
    if (!Append(section.path, &out, &crc, &ignored, error)) return false;
    AppendNumber(section.name.size(), 4, &index);
    index += section.name;
    AppendNumber(offset, 8, &index);
    AppendNumber(out.size() - offset, 8, &index);
    AppendNumber(crc, 4, &index);
  }
  std::string footer;
  AppendNumber(out.size(), 8, &footer);
  AppendNumber(index.size(), 8, &footer);
  AppendNumber(Crc32(0, Bytes(index)), 4, &footer);
  AppendNumber(kVersion, 4, &footer);
  footer.append(kMagic, 8);
  return out.Write(Bytes(index), error) && out.Write(Bytes(footer), error) && out.Commit(mode, error);
}

bool ReadBundle(std::span<const uint8_t> bytes, bool verify,
                std::map<std::string, std::span<const uint8_t>>* sections, std::string* error) {
  sections->clear();
  const std::span<const uint8_t> index = FindIndex(bytes, error);
  if (index.empty()) return false;
  IndexReader reader(index);
  while (!reader.at_end()) {
    const std::string name = reader.Text(reader.Number(4));
    const uint64_t offset = reader.Number(8), size = reader.Number(8), crc = reader.Number(4);
    const bool inside = reader.ok() && offset <= bytes.size() && size <= bytes.size() - offset;
    if (!inside || sections->size() >= kSectionsMax) {
      *error = "bundle section \"" + name.substr(0, kNameBytesMax) + "\" at " + std::to_string(offset) +
               " of " + std::to_string(size) + " bytes; the file has " + std::to_string(bytes.size());
    } else if (verify && Crc32(0, bytes.subspan(offset, size)) != crc) {
      *error = "bundle section \"" + name + "\": its checksum does not match";
    } else if (!sections->emplace(name, bytes.subspan(offset, size)).second) {
      *error = "bundle section \"" + name + "\" occurs twice";
    } else {
      continue;
    }
    sections->clear();
    return false;
  }
  return true;
}

}  // namespace bonsai::edge
