// bonsai-stories: writes a small corpus of made-up stories in the native formats of C4, Alpaca and
// CommonsenseQA, for machines without network and without data sets. The same seed and sizes give the same
// files.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <string>

#include "deploy/stories/data_folder.h"

int main(int argc, char** argv) {
  bonsai::DataFolderOptions options;
  CLI::App app("Writes a corpus of made-up stories in the formats of C4, Alpaca and CommonsenseQA.",
               "bonsai-stories");
  app.add_option("--out", options.folder, "The folder to write into; made if it is not there")->required();
  app.add_option("--seed", options.seed, "The same seed gives the same files")->capture_default_str();
  app.add_option("--bytes", options.train_bytes, "Bytes of text to train on")
      ->check(CLI::Range(uint64_t{1000}, uint64_t{10} << 30))
      ->capture_default_str();
  app.add_option("--validation-bytes", options.validation_bytes, "Bytes of text held out")
      ->check(CLI::Range(uint64_t{1000}, uint64_t{1} << 30))
      ->capture_default_str();
  app.add_option("--instructions", options.instructions, "Instructions with answers")
      ->check(CLI::Range(1, 10000000))
      ->capture_default_str();
  app.add_option("--questions", options.questions, "Multiple-choice questions")
      ->check(CLI::Range(1, 10000000))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::string error;
  if (!bonsai::WriteDataFolder(options, &error)) {
    std::fprintf(stderr, "bonsai-stories: %s\n", error.c_str());
    return 1;
  }
  return 0;
}
