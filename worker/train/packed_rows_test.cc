// Instructions that share a row train as if each had its own.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "worker/train/autograd_step.h"
#include "worker/train/byte_tokenizer_testing.h"
#include "worker/train/instruction_source.h"
#include "worker/train/llama_step.h"
#include "worker/train/random_bits.h"
#include "worker/train/step_case_testing.h"

namespace bonsai {
namespace {

constexpr int32_t kVocabulary = 61;

// Rows of documents of these lengths, padded to the longest; in each, every fifth position is not asked.
RowBuffer Rows(const std::vector<std::vector<int64_t>>& documents, int64_t positions) {
  RowBuffer rows = {static_cast<int64_t>(documents.size()), positions, {}, {}, {}};
  int64_t number = 0;
  for (const std::vector<int64_t>& row : documents) {
    const int64_t end = static_cast<int64_t>(rows.tokens.size()) + positions;
    int64_t at = 0;
    for (const int64_t length : row) {
      for (int64_t i = 0; i < length; ++i, ++number) {
        rows.tokens.push_back(static_cast<int32_t>(RandomBits(1, number) % kVocabulary));
        rows.targets.push_back(i % 5 == 0 ? -1 : static_cast<int32_t>(RandomBits(2, number) % kVocabulary));
        rows.begins.push_back(static_cast<int32_t>(at));
      }
      at += length;
    }
    rows.tokens.resize(end, 0);
    rows.targets.resize(end, -1);
    rows.begins.resize(end, static_cast<int32_t>(at));
  }
  return rows;
}

class PackedRows : public testing::Test {
 protected:
  std::vector<float> GradientOf(TrainStep& step, const TokenBatch& batch, double* loss) {
    return bonsai::GradientOf(step, parameters_, batch, loss);
  }

  const ParameterLayout layout_ = *ParameterLayout::Create(TinyConfig(/*max_seq_len=*/160));
  const std::vector<float> parameters_ = LargeParameters(layout_);
};

// Documents of one position, of less and more than a block of queries, and a row that only one fills.
const std::vector<std::vector<int64_t>> kDocuments = {{30, 1, 80, 2}, {113}, {5, 70, 20}};

TEST_F(PackedRows, AgreeWithAutogradThatMasksDocuments) {
  const RowBuffer rows = Rows(kDocuments, 118);
  double want_loss = 0, loss = 0;
  const std::vector<float> want = GradientOf(*CreateAutogradStep(layout_, true), rows.View(), &want_loss);
  for (const Kernels* kernels : RunnableKernels()) {
    SCOPED_TRACE(kernels->name);
    for (const int threads : {1, 2}) {
      const auto step = CreateLlamaStep(layout_, *kernels, threads);
      ExpectSameGradients(layout_, GradientOf(*step, rows.View(), &loss), want, 2e-4);
      EXPECT_NEAR(loss, want_loss, 1e-6 * want_loss);
    }
  }
  RowBuffer open = rows;
  open.begins.clear();
  GradientOf(*CreateLlamaStep(layout_, SelectKernels(), 1), open.View(), &loss);
  EXPECT_GT(std::abs(loss - want_loss), 1e-3 * want_loss);  // or the mask would do nothing
}

TEST_F(PackedRows, GradientIsTheSumOfTheDocumentsOwn) {
  const RowBuffer rows = Rows(kDocuments, 118);
  const auto step = CreateLlamaStep(layout_, SelectKernels(), 1);
  double packed_loss = 0, loss = 0;
  const std::vector<float> packed = GradientOf(*step, rows.View(), &packed_loss);
  std::vector<float> sum(layout_.size());
  double loss_sum = 0;
  for (size_t row = 0; row < kDocuments.size(); ++row) {
    int64_t at = static_cast<int64_t>(row) * rows.positions;
    for (const int64_t length : kDocuments[row]) {
      const TokenBatch alone = {1, length, rows.tokens.data() + at, rows.targets.data() + at};
      const std::vector<float> gradient = GradientOf(*step, alone, &loss);
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += gradient[i];
      loss_sum += loss;
      at += length;
    }
  }
  EXPECT_NEAR(packed_loss, loss_sum, 1e-6 * loss_sum);
  ExpectSameGradients(layout_, packed, sum, 2e-5);
}

TEST_F(PackedRows, NoDocumentSeesAnother) {
  RowBuffer rows = Rows({{40, 50}}, 90);
  const auto step = CreateLlamaStep(layout_, SelectKernels(), 1);
  std::vector<float> before(90 * kVocabulary), after(before);
  step->Load(parameters_);
  step->Logits(rows.View(), absl::MakeSpan(before));
  for (int64_t i = 0; i < 40; ++i) rows.tokens[i] = (rows.tokens[i] + 1) % kVocabulary;
  step->Logits(rows.View(), absl::MakeSpan(after));
  for (size_t i = 40 * kVocabulary; i < after.size(); ++i) ASSERT_EQ(after[i], before[i]) << i;
  EXPECT_NE(after[0], before[0]);
}

// The same batches from a source that packs and from one that does not.
TEST_F(PackedRows, ASourceThatPacksGivesTheSameGradientInFewerPositions) {
  InstructionSource packing({150, 12, 3, edge::ChatTemplate::kLlama2, true, 2});
  InstructionSource llama2({150, 12, 3, edge::ChatTemplate::kLlama2});
  for (uint64_t i = 0; i < 40; ++i) {
    v1::Instruction one;
    one.set_instruction(std::string(1 + RandomBits(7, i) % 20, 'a'));
    one.set_output(std::string(1 + RandomBits(8, i) % 60, 'b'));
    for (InstructionSource* source : {&packing, &llama2}) {
      ASSERT_TRUE(source->Add(one, ByteTokenizer(kVocabulary)).ok());
    }
  }
  const auto step = CreateLlamaStep(layout_, SelectKernels(), 1);
  for (uint64_t number = 0; number < 4; ++number) {
    const BatchSource::Size packed_size = packing.SizeOf(number), size = llama2.SizeOf(number);
    EXPECT_EQ(packed_size.targets, size.targets);
    EXPECT_EQ(packed_size.tokens, size.tokens);
    EXPECT_EQ(packed_size.documents, 12u);
    EXPECT_EQ(packed_size.rows % 2, 0);
    RowBuffer packed_rows, rows;
    ASSERT_TRUE(packing.Fill(number, 0, packed_size.rows, &packed_rows).ok());
    ASSERT_TRUE(llama2.Fill(number, 0, size.rows, &rows).ok());
    EXPECT_LT(packed_rows.tokens.size(), rows.tokens.size());
    double packed_loss = 0, loss = 0;
    const std::vector<float> packed = GradientOf(*step, packed_rows.View(), &packed_loss);
    const std::vector<float> want = GradientOf(*step, rows.View(), &loss);
    EXPECT_NEAR(packed_loss, loss, 1e-6 * loss);
    ExpectSameGradients(layout_, packed, want, 1e-4);
  }
}

}  // namespace
}  // namespace bonsai
