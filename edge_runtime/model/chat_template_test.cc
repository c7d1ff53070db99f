#include "edge_runtime/model/chat_template.h"

#include <stdio.h>
#include <sys/wait.h>

#include <fstream>
#include <utility>

#include "gtest/gtest.h"

namespace bonsai::edge {
namespace {

TEST(ChatTemplate, AlpacaIsThePublishedWording) {
  EXPECT_EQ(
      ChatPrompt(ChatTemplate::kAlpaca, "Add.", "1 2"),
      "Below is an instruction that describes a task, paired with an input that provides further context. "
      "Write a response that appropriately completes the request.\n\n### Instruction:\nAdd.\n\n### Input:\n1 "
      "2\n\n### Response:");
  EXPECT_EQ(
      ChatPrompt(ChatTemplate::kAlpaca, "Sing.", ""),
      "Below is an instruction that describes a task. Write a response that appropriately completes the "
      "request.\n\n### Instruction:\nSing.\n\n### Response:");
}

TEST(ChatTemplate, Llama2AndChatmlArePublishedFormats) {
  EXPECT_EQ(ChatPrompt(ChatTemplate::kLlama2, "Add.", "1 2"), "[INST] Add.\n1 2 [/INST]");
  EXPECT_EQ(ChatPrompt(ChatTemplate::kLlama2, "Sing.", ""), "[INST] Sing. [/INST]");
  EXPECT_EQ(ChatPrompt(ChatTemplate::kChatml, "Add.", "1 2"),
            "<|im_start|>user\nAdd.\n1 2<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatTemplate, HoldsNoWordThatIsToBeReplaced) {
  for (const ChatTemplate t : {ChatTemplate::kAlpaca, ChatTemplate::kLlama2, ChatTemplate::kChatml}) {
    for (const bool space_first : {false, true}) {
      const std::string jinja = ChatJinja(t, space_first);
      for (const char* word : {"SPACE", "WITH_INPUT", "WITHOUT_INPUT"}) {
        EXPECT_EQ(jinja.find(word), std::string::npos) << jinja;
      }
      EXPECT_EQ(jinja.find("bos_token + ' '") != std::string::npos, space_first);
    }
  }
}

// {exit code, what it printed}.
std::pair<int, std::string> Python(const std::string& arguments) {
  std::string output;
  FILE* const pipe = popen(("/usr/bin/python3 " + arguments + " 2>&1").c_str(), "r");
  char part[4096];
  for (size_t size; (size = fread(part, 1, sizeof(part), pipe)) > 0;) output.append(part, size);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

// Renders a template in Jinja as transformers sets it up.
class RenderedTemplate : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto [code, output] = Python("-c 'import jinja2'"); code != 0) {
      GTEST_SKIP() << "skipped: rendering needs python3-jinja2: " << output;
    }
    std::ofstream(script_) << R"(
import sys, jinja2.sandbox
environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
template = environment.from_string(open(sys.argv[1]).read())
sys.stdout.write(template.render(messages=eval(sys.argv[2]), add_generation_prompt=sys.argv[3] == "1",
                                 bos_token="<s>", eos_token="</s>"))
)";
  }

  std::string Render(ChatTemplate t, bool space_first, const std::string& messages, bool generate) {
    std::ofstream(jinja_) << ChatJinja(t, space_first);
    const auto [code, output] =
        Python(script_ + " " + jinja_ + " \"" + messages + "\" " + (generate ? "1" : "0"));
    EXPECT_EQ(code, 0) << output;
    return output;
  }

  const std::string script_ = testing::TempDir() + "/render.py", jinja_ = testing::TempDir() + "/chat.jinja";
};

TEST_F(RenderedTemplate, OneUserTurnIsTheTrainingPrompt) {
  for (const ChatTemplate t : {ChatTemplate::kAlpaca, ChatTemplate::kLlama2, ChatTemplate::kChatml}) {
    EXPECT_EQ(Render(t, true, "[{'role': 'user', 'content': ' Sing\\nloud.'}]", true),
              "<s> " + ChatPrompt(t, " Sing\nloud.", ""));
    EXPECT_EQ(Render(t, false, "[{'role': 'user', 'content': '\u5531\u6b4c'}]", true),
              "<s>" + ChatPrompt(t, "\u5531\u6b4c", ""));
    EXPECT_EQ(Render(t, true, "[{'role': 'user', 'content': 'Add.', 'input': '1 2'}]", true),
              "<s> " + ChatPrompt(t, "Add.", "1 2"));
  }
}

TEST_F(RenderedTemplate, AConversationEndsEachResponseWithEos) {
  const std::string talk =
      "[{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'Hi'}, "
      "{'role': 'assistant', 'content': 'Ho'}, {'role': 'user', 'content': 'Bye'}]";
  EXPECT_EQ(Render(ChatTemplate::kAlpaca, true, talk, true),
            "<s> Be brief.\n\n### Instruction:\nHi\n\n### Response: Ho</s>\n\n### Instruction:\nBye\n\n"
            "### Response:");
  EXPECT_EQ(Render(ChatTemplate::kLlama2, true, talk, true),
            "<s> [INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Ho</s><s> [INST] Bye [/INST]");
  EXPECT_EQ(Render(ChatTemplate::kChatml, false, talk, false),
            "<s><|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
            "<|im_start|>assistant\nHo</s>\n<|im_start|>user\nBye<|im_end|>\n");
}

}  // namespace
}  // namespace bonsai::edge
