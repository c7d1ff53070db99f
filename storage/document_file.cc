#include "storage/document_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace bonsai {
namespace {

constexpr size_t kBufferBytes = 1 << 20;
// A varint of a length below 2^32 takes at most 5 bytes; kDocumentBytesMax needs 4.
constexpr size_t kLengthBytesMax = 5;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

class FileDocumentWriter final : public DocumentWriter {
 public:
  FileDocumentWriter(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  absl::Status Append(const v1::Document& document) override {
    if (fd_.get() < 0) return absl::FailedPreconditionError(absl::StrCat(path_, ": the file is closed"));
    const uint64_t size = document.ByteSizeLong();
    if (size > kDocumentBytesMax) {
      return absl::InvalidArgumentError(absl::StrCat(path_, ": document ", documents_, " takes ", size,
                                                     " bytes; at most ", kDocumentBytesMax, " fit a record"));
    }
    // Room for this record alone: a stream that grows the buffer would fill all of its capacity each time.
    const size_t begin = buffer_.size();
    const size_t prefix = google::protobuf::io::CodedOutputStream::VarintSize32(static_cast<uint32_t>(size));
    buffer_.resize(begin + prefix + size);
    {
      google::protobuf::io::ArrayOutputStream stream(buffer_.data() + begin, static_cast<int>(prefix + size));
      google::protobuf::io::CodedOutputStream coded(&stream);
      coded.SetSerializationDeterministic(true);
      coded.WriteVarint32(static_cast<uint32_t>(size));
      document.SerializeWithCachedSizes(&coded);
    }
    ++documents_;
    return buffer_.size() >= kBufferBytes ? Flush() : absl::OkStatus();
  }

  absl::Status Close() override {
    if (fd_.get() < 0) return absl::FailedPreconditionError(absl::StrCat(path_, ": the file is closed"));
    if (absl::Status flushed = Flush(); !flushed.ok()) return flushed;
    if (close(fd_.Release()) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot close ", path_));
    return absl::OkStatus();
  }

  uint64_t documents() const override { return documents_; }

 private:
  absl::Status Flush() {
    size_t written = 0;
    while (written < buffer_.size()) {
      const ssize_t n = write(fd_.get(), buffer_.data() + written, buffer_.size() - written);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        return absl::ErrnoToStatus(errno, absl::StrCat("cannot write document ", documents_, " of ", path_));
      }
      written += n;
    }
    buffer_.clear();
    return absl::OkStatus();
  }

  FileDescriptor fd_;
  const std::string path_;
  std::string buffer_;
  uint64_t documents_ = 0;
};

class StreamDocumentReader final : public DocumentReader {
 public:
  StreamDocumentReader(ReadFunction read, std::string name)
      : read_(std::move(read)), name_(std::move(name)), buffer_(kBufferBytes) {}

  absl::StatusOr<bool> Next(v1::Document* document) override {
    if (!status_.ok()) return status_;
    absl::StatusOr<bool> read = ReadRecord(document);
    status_ = read.status();
    return read;
  }

  uint64_t documents() const override { return documents_; }
  uint64_t offset() const override { return offset_; }

 private:
  absl::Status Corrupt(absl::string_view what) const {
    return absl::DataLossError(
        absl::StrCat(name_, ": record ", documents_, " at byte ", offset_, ": ", what));
  }

  // Makes `size` bytes available from begin_ on, or all that is left if the file ends before.
  absl::Status Fill(size_t size) {
    if (end_ - begin_ >= size) return absl::OkStatus();
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    while (end_ < size) {
      // Grows with what the file really holds: a corrupt length alone does not make us allocate.
      if (end_ == buffer_.size()) buffer_.resize(std::min(std::max(size, kBufferBytes), 2 * buffer_.size()));
      absl::StatusOr<size_t> n = read_(buffer_.data() + end_, buffer_.size() - end_);
      if (!n.ok()) return n.status();
      if (*n == 0) break;
      end_ += *n;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> ReadRecord(v1::Document* document) {
    if (absl::Status filled = Fill(kLengthBytesMax); !filled.ok()) return filled;
    if (begin_ == end_) return false;
    uint64_t size = 0;
    size_t length_bytes = 0;
    for (bool more = true; more; ++length_bytes) {
      if (length_bytes == kLengthBytesMax) return Corrupt("its length is not a varint of at most 5 bytes");
      if (begin_ + length_bytes == end_) return Corrupt("the file ends within the record's length");
      const uint8_t byte = static_cast<uint8_t>(buffer_[begin_ + length_bytes]);
      size |= uint64_t{byte & 0x7Fu} << (7 * length_bytes);
      more = (byte & 0x80) != 0;
    }
    if (size > kDocumentBytesMax) {
      return Corrupt(absl::StrCat("its length is ", size, "; at most ", kDocumentBytesMax, " is valid"));
    }
    if (absl::Status filled = Fill(length_bytes + size); !filled.ok()) return filled;
    if (end_ - begin_ < length_bytes + size) {
      return Corrupt(
          absl::StrCat("the file ends after ", end_ - begin_ - length_bytes, " of its ", size, " bytes"));
    }
    if (!document->ParseFromArray(buffer_.data() + begin_ + length_bytes, static_cast<int>(size))) {
      return Corrupt(absl::StrCat("its ", size, " bytes are not a Document"));
    }
    begin_ += length_bytes + size;
    offset_ += length_bytes + size;
    ++documents_;
    return true;
  }

  const ReadFunction read_;
  const std::string name_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  // what is not yet parsed is buffer_[begin_, end_)
  size_t end_ = 0;
  uint64_t documents_ = 0;
  uint64_t offset_ = 0;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<DocumentWriter>> DocumentWriter::Create(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot create ", path));
  return std::make_unique<FileDocumentWriter>(fd, path);
}

absl::StatusOr<std::unique_ptr<DocumentReader>> DocumentReader::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  auto file = std::make_shared<FileDescriptor>(fd);
  return Over(
      [file, path](char* data, size_t size) -> absl::StatusOr<size_t> {
        ssize_t n;
        do {
          n = read(file->get(), data, size);
        } while (n < 0 && errno == EINTR);
        if (n < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
        return static_cast<size_t>(n);
      },
      path);
}

std::unique_ptr<DocumentReader> DocumentReader::Over(ReadFunction read, std::string name) {
  return std::make_unique<StreamDocumentReader>(std::move(read), std::move(name));
}

}  // namespace bonsai
