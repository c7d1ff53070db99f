#include "worker/train/packed_matmul.h"

#include <omp.h>

#include <array>
#include <utility>

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

memory::desc DescOf(int64_t rows, int64_t cols, int64_t stride, Transpose transpose) {
  const memory::dims strides =
      transpose == Transpose::kYes ? memory::dims{1, stride} : memory::dims{stride, 1};
  return memory::desc({rows, cols}, memory::data_type::f32, strides);
}

using Key = std::array<int64_t, 7>;

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

memory::desc PackedDesc(int64_t k, int64_t n) {
  const memory::desc a = DescOf(kTypicalRows, k, k, Transpose::kNo);
  const memory::desc any({k, n}, memory::data_type::f32, memory::format_tag::any);
  const memory::desc c = DescOf(kTypicalRows, n, n, Transpose::kNo);
  return dnnl::matmul::primitive_desc(dnnl::matmul::desc(a, any, c), Engine()).weights_desc();
}

struct Packing {
  memory::desc packed;
  dnnl::reorder reorder;
};

}  // namespace

void PackedMatrix::Pack(int64_t k, int64_t n, const MatrixView& b) {
  // oneDNN's primitives are remembered by the thread that runs them: they share scratch memory within it.
  thread_local absl::flat_hash_map<Key, Packing> packings;
  dnnl::stream& stream = Stream();
  const Key key = {k, n, b.stride, b.transpose == Transpose::kYes};
  auto found = packings.find(key);
  if (found == packings.end()) {
    const memory::desc packed = PackedDesc(k, n), plain = DescOf(k, n, b.stride, b.transpose);
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
  const Key key = {m, b.n_, b.k_, a.stride, a.transpose == Transpose::kYes, c_stride, keep != 0};
  auto found = products.find(key);
  if (found == products.end()) {
    found = products
                .emplace(key, MakeProduct(DescOf(m, b.k_, a.stride, a.transpose), b.memory_.get_desc(),
                                          DescOf(m, b.n_, c_stride, Transpose::kNo), keep))
                .first;
  }
  const Product& product = found->second;
  product.primitive.execute(stream, {{DNNL_ARG_SRC, memory(product.a, Engine(), const_cast<float*>(a.data))},
                                     {DNNL_ARG_WEIGHTS, b.memory_},
                                     {DNNL_ARG_DST, memory(product.c, Engine(), c)}});
  stream.wait();
}

}  // namespace bonsai
