#include "worker/train/packed_matmul.h"

#include <omp.h>

#include <array>
#include <bit>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace bonsai {
namespace {

using dnnl::memory;

// A left side of this many rows is what packed matrices are laid out for; others read the same layout.
constexpr int64_t kTypicalRows = 512;

const dnnl::engine& Engine() {
  static const dnnl::engine& engine = *new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

// The number of OpenMP threads is a setting of each calling thread.
dnnl::stream& Stream() {
  thread_local dnnl::stream stream = [] {
    omp_set_num_threads(1);
    return dnnl::stream(Engine());
  }();
  return stream;
}

memory::desc DescOf(int64_t rows, int64_t cols, int64_t stride, Transpose transpose,
                    memory::data_type type = memory::data_type::f32) {
  const memory::dims strides =
      transpose == Transpose::kYes ? memory::dims{1, stride} : memory::dims{stride, 1};
  return memory::desc({rows, cols}, type, strides);
}

memory::data_type TypeOf(v1::Precision precision) {
  return precision == v1::BF16 ? memory::data_type::bf16 : memory::data_type::f32;
}

using Key = std::array<int64_t, 8>;

struct Product {
  memory::desc a, c;
  dnnl::matmul primitive;
};

Product MakeProduct(const memory::desc& a, const memory::desc& b, const memory::desc& c, float keep) {
  dnnl::primitive_attr attributes;
  if (keep != 0) {
    dnnl::post_ops sum;
    sum.append_sum(keep);
    attributes.set_post_ops(sum);
  }
  return {a, c, dnnl::matmul({dnnl::matmul::desc(a, b, c), attributes, Engine()})};
}

memory::desc PackedDesc(int64_t k, int64_t n, memory::data_type type) {
  const memory::desc a = DescOf(kTypicalRows, k, k, Transpose::kNo, type);
  const memory::desc any({k, n}, type, memory::format_tag::any);
  const memory::desc c = DescOf(kTypicalRows, n, n, Transpose::kNo);
  return dnnl::matmul::primitive_desc(dnnl::matmul::desc(a, any, c), Engine()).weights_desc();
}

struct Packing {
  memory::desc packed;
  dnnl::reorder reorder;
};

// The bits of the nearest bfloat16, ties to even; a NaN stays one.
uint16_t Rounded(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = bits + 0x7fff + ((bits >> 16) & 1);
  return static_cast<uint16_t>((value != value ? bits | 0x400000 : rounded) >> 16);
}

// The matrix a[m, k] in bfloat16, transposed as it is, without gaps; valid until the thread's next call.
uint16_t* RoundedCopy(int64_t m, int64_t k, const MatrixView& a) {
  thread_local std::vector<uint16_t> copy;
  const bool transposed = a.transpose == Transpose::kYes;
  const int64_t rows = transposed ? k : m, cols = transposed ? m : k;
  copy.resize(static_cast<size_t>(rows * cols));
  for (int64_t r = 0; r < rows; ++r) {
    const float* from = a.data + r * a.stride;
    uint16_t* to = copy.data() + r * cols;
    for (int64_t c = 0; c < cols; ++c) to[c] = Rounded(from[c]);
  }
  return copy.data();
}

}  // namespace

void PackedMatrix::Pack(int64_t k, int64_t n, const MatrixView& b) {
  // oneDNN's primitives are remembered by the thread that runs them: they share scratch memory within it.
  thread_local absl::flat_hash_map<Key, Packing> packings;
  dnnl::stream& stream = Stream();
  const Key key = {k, n, b.stride, b.transpose == Transpose::kYes, precision_};
  auto found = packings.find(key);
  if (found == packings.end()) {
    const memory::desc packed = PackedDesc(k, n, TypeOf(precision_)),
                       plain = DescOf(k, n, b.stride, b.transpose);
    const dnnl::reorder::primitive_desc description(Engine(), plain, Engine(), packed);
    found = packings.emplace(key, Packing{packed, dnnl::reorder(description)}).first;
  }
  if (k_ != k || n_ != n) memory_ = memory(found->second.packed, Engine());
  k_ = k;
  n_ = n;
  memory plain(DescOf(k, n, b.stride, b.transpose), Engine(), const_cast<float*>(b.data));
  found->second.reorder.execute(stream, plain, memory_);
  stream.wait();
}

void Multiply(int64_t m, const MatrixView& a, const PackedMatrix& b, float keep, float* c, int64_t c_stride) {
  thread_local absl::flat_hash_map<Key, Product> products;
  dnnl::stream& stream = Stream();
  const bool rounded = b.precision_ == v1::BF16, transposed = a.transpose == Transpose::kYes;
  const int64_t stride = !rounded ? a.stride : transposed ? m : b.k_;
  const Key key = {m, b.n_, b.k_, stride, transposed, c_stride, keep != 0, b.precision_};
  auto found = products.find(key);
  if (found == products.end()) {
    found =
        products
            .emplace(key, MakeProduct(DescOf(m, b.k_, stride, a.transpose, TypeOf(b.precision_)),
                                      b.memory_.get_desc(), DescOf(m, b.n_, c_stride, Transpose::kNo), keep))
            .first;
  }
  const Product& product = found->second;
  void* left = rounded ? static_cast<void*>(RoundedCopy(m, b.k_, a)) : const_cast<float*>(a.data);
  product.primitive.execute(stream, {{DNNL_ARG_SRC, memory(product.a, Engine(), left)},
                                     {DNNL_ARG_WEIGHTS, b.memory_},
                                     {DNNL_ARG_DST, memory(product.c, Engine(), c)}});
  stream.wait();
}

}  // namespace bonsai
