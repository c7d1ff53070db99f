// Runs a fuzz target where libFuzzer is not linked (gcc has none): every file named on the command line, then
// mutations of them from a fixed seed until BONSAI_FUZZ_SECONDS (2) have passed. An input that ends the
// process is written to TEST_UNDECLARED_OUTPUTS_DIR, or the working folder, as "crash-input".
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Input = std::vector<uint8_t>;

constexpr size_t kInputBytesMax = 1 << 16;

const Input* current_input = nullptr;
char crash_path[4096] = "crash-input";

// Async-signal-safe: only open, write, close.
extern "C" void KeepInput(int signal_number) {
  if (current_input != nullptr) {
    int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd >= 0) {
      if (write(fd, current_input->data(), current_input->size()) < 0) _exit(1);
      close(fd);
    }
  }
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

void Run(const Input& input) {
  current_input = &input;
  // A fresh allocation of the exact size, so that a read beyond the end is a read beyond the heap block.
  Input copy(input);
  copy.shrink_to_fit();
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

void MutateOnce(Input& input, std::mt19937_64& random) {
  static constexpr uint8_t kInteresting[] = {0, 1, 2, 0x7f, 0x80, 0xff, '"', '{', '[', '\\', '\n', ' '};
  const size_t at = input.empty() ? 0 : random() % input.size();
  switch (random() % 7) {
    case 0:
      if (!input.empty()) input[at] ^= static_cast<uint8_t>(1u << (random() % 8));
      break;
    case 1:
      if (!input.empty()) input[at] = kInteresting[random() % std::size(kInteresting)];
      break;
    case 2:
      input.insert(input.begin() + at, static_cast<uint8_t>(random()));
      break;
    case 3:
      if (!input.empty()) input.erase(input.begin() + at);
      break;
    case 4:  // truncate
      input.resize(at);
      break;
    case 5: {  // repeat a piece
      const size_t length = std::min<size_t>(input.size() - at, random() % 64);
      Input piece(input.begin() + at, input.begin() + at + length);
      input.insert(input.begin() + at, piece.begin(), piece.end());
      break;
    }
    case 6:  // a large or small 64-bit number
      for (size_t i = 0; i < 8 && at + i < input.size(); ++i) {
        input[at + i] = random() % 2 ? 0xff : static_cast<uint8_t>(i == 0 ? random() : 0);
      }
      break;
  }
  if (input.size() > kInputBytesMax) input.resize(kInputBytesMax);
}

double SecondsToRun() {
  const char* text = std::getenv("BONSAI_FUZZ_SECONDS");
  return text == nullptr ? 2.0 : std::atof(text);
}

}  // namespace

int main(int argc, char** argv) {
  if (const char* folder = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR")) {
    std::snprintf(crash_path, sizeof(crash_path), "%s/crash-input", folder);
  }
  for (int signal_number : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) signal(signal_number, KeepInput);

  std::vector<Input> seeds = {{}};
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot read the seed %s\n", argv[i]);
      return 1;
    }
    Input seed((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    Run(seed);
    if (seed.size() <= kInputBytesMax) seeds.push_back(std::move(seed));
  }

  std::mt19937_64 random(20240520);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(SecondsToRun());
  uint64_t runs = 0;
  Input input;
  while (std::chrono::steady_clock::now() < end) {
    input = seeds[random() % seeds.size()];
    for (uint64_t i = 0, mutations = 1 + random() % 16; i < mutations; ++i) MutateOnce(input, random);
    Run(input);
    ++runs;
  }
  std::printf("%zu seeds, %llu mutations\n", seeds.size(), static_cast<unsigned long long>(runs));
  return 0;
}
