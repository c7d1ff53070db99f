// llama.cpp's perplexity tool in its multiple-choice mode, as a peer of the loglikelihood benchmark: the file
// that it reads the questions from, its command line, and its processor time.
#ifndef BONSAI_EVALUATOR_BENCH_LLAMA_PERPLEXITY_H_
#define BONSAI_EVALUATOR_BENCH_LLAMA_PERPLEXITY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "evaluator/bench/question_set.h"

namespace bonsai {

// Its multiple-choice file: the number of tasks, where each begins, and the tasks: the question, and twice
// (answers of one truth, of many) the number of answers, the answers and a label for each; numbers are 32
// bits, the lowest byte first, and texts stand behind their length. The tool puts a space before each answer,
// so a continuation's own is left away; the first answer is labelled as the true one.
std::string WriteMultipleChoiceFile(const std::vector<ChoiceQuestion>& questions);

// What is run: program, model, file, tasks, context, threads.
std::vector<std::string> LlamaPerplexityCommand(const std::string& program, const std::string& gguf,
                                                const std::string& file, size_t tasks, size_t context_tokens,
                                                int threads);

// Runs it, its output into `log`; processor seconds, user and system, of all its threads. FailedPrecondition
// names the program that cannot be started, or says how it ended.
absl::StatusOr<double> MeasureCommand(const std::vector<std::string>& command, const std::string& log);

}  // namespace bonsai

#endif  // BONSAI_EVALUATOR_BENCH_LLAMA_PERPLEXITY_H_
