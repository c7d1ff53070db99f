// The documents of a list of files, in order, read ahead by threads: while the caller works on a file, that
// file and those behind it are inflated and parsed.
//
// Called by the data runner, one thread. Each file that is being read holds a bounded number of blocks of
// documents.
#ifndef BONSAI_WORKER_DATA_SOURCE_READ_AHEAD_H_
#define BONSAI_WORKER_DATA_SOURCE_READ_AHEAD_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "bonsai/v1/document.pb.h"
#include "bonsai/v1/spec.pb.h"
#include "worker/data/source_reader.h"

namespace bonsai {

class SourceReadAhead {
 public:
  struct File {
    v1::DataSpec::Format format;
    std::string path;
    std::string records_field = {};
  };
  // What was read of a file behind the block before, and how far its reader was then.
  struct Block {
    std::vector<v1::Document> documents;
    uint64_t file_offset = 0;
    uint64_t bytes_replaced = 0;  // in the file so far
    bool last = false;            // of its file, whether it was read to its end or not
    absl::Status status;          // what kept the file from being read further, behind these documents
  };

  // Starts `threads` threads, but no more than files; with one thread there is no other than the caller's.
  SourceReadAhead(std::vector<File> files, int threads);
  // Stops reading.
  ~SourceReadAhead();

  // The next block; waits for it. Called as long as there is one: until the last block of the last file.
  Block Next();

 private:
  void Work();
  // Reads one block. Opens the file first.
  static Block Read(const File& file, std::unique_ptr<SourceReader>* reader);

  const std::vector<File> files_;
  std::unique_ptr<SourceReader> own_;  // of the file `current_`, where there are no threads
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::deque<Block>> blocks_;  // of each file
  size_t next_file_ = 0;                   // that a thread takes
  size_t current_ = 0;                     // that the caller is at
  bool ending_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace bonsai

#endif  // BONSAI_WORKER_DATA_SOURCE_READ_AHEAD_H_
