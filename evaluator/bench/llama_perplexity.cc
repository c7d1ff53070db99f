#include "evaluator/bench/llama_perplexity.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace bonsai {
namespace {

constexpr int kCannotStart = 127;

void AppendNumber(uint32_t number, std::string& bytes) {
  for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<char>(number >> shift & 0xFF));
}

void AppendText(const std::string& text, std::string& bytes) {
  AppendNumber(static_cast<uint32_t>(text.size()), bytes);
  bytes += text;
}

void AppendAnswers(const ChoiceQuestion& question, std::string& bytes) {
  AppendNumber(static_cast<uint32_t>(question.continuations.size()), bytes);
  for (const std::string& continuation : question.continuations)
    AppendText(continuation.substr(continuation.find_first_not_of(' ')), bytes);
  for (size_t i = 0; i < question.continuations.size(); ++i) AppendNumber(i == 0 ? 1 : 0, bytes);
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

}  // namespace

std::string WriteMultipleChoiceFile(const std::vector<ChoiceQuestion>& questions) {
  std::string header, tasks;
  AppendNumber(static_cast<uint32_t>(questions.size()), header);
  const size_t tasks_begin = 4 + 4 * questions.size();
  for (const ChoiceQuestion& question : questions) {
    AppendNumber(static_cast<uint32_t>(tasks_begin + tasks.size()), header);
    AppendText(question.context, tasks);
    AppendAnswers(question, tasks);
    AppendAnswers(question, tasks);
  }
  return header + tasks;
}

std::vector<std::string> LlamaPerplexityCommand(const std::string& program, const std::string& gguf,
                                                const std::string& file, size_t tasks, size_t context_tokens,
                                                int threads) {
  return {program,
          "--model",
          gguf,
          "--multiple-choice",
          "--multiple-choice-tasks",
          absl::StrCat(tasks),
          "--binary-file",
          file,
          "--ctx-size",
          absl::StrCat(context_tokens),
          "--threads",
          absl::StrCat(threads)};
}

absl::StatusOr<double> MeasureCommand(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = fork();
  if (pid < 0) return absl::ErrnoToStatus(errno, "fork");
  if (pid == 0) {
    const int fd = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0) _exit(kCannotStart);
    execvp(arguments[0], arguments.data());
    _exit(kCannotStart);
  }
  int status = 0;
  rusage usage;
  std::memset(&usage, 0, sizeof(usage));
  while (wait4(pid, &status, 0, &usage) < 0) {
    if (errno != EINTR) return absl::ErrnoToStatus(errno, "wait4");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kCannotStart)
    return absl::FailedPreconditionError(absl::StrCat(command[0], " cannot be started"));
  return absl::FailedPreconditionError(
      absl::StrCat(command[0], " ended with status ", status, "; its output is in ", log));
}

}  // namespace bonsai
