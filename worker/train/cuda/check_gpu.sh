#!/bin/bash
# Builds and runs the GPU backend's checker on a machine with a GPU: with nvcc and g++ alone, no Bazel, no gRPC, no
# Abseil. Where this machine's python3 has torch, its eager and compiled steps of the same shapes are timed beside ours.
#
#   worker/train/cuda/check_gpu.sh [--build=FOLDER] [--loss-seconds=N] [check] [loss] [bench] [torch]
#
# Without names all four are done. Exit status: 0 passed, 1 failed, 2 usage or no toolkit, 3 no GPU (built, not run).
set -euo pipefail
cd "$(dirname "$0")/../../.."

build=${TMPDIR:-/tmp}/bonsai_check_gpu
seconds=300
wanted=
for argument in "$@"; do
  case "$argument" in
    --build=*) build=${argument#*=} ;;
    --loss-seconds=*) seconds=${argument#*=} ;;
    check | loss | bench | torch) wanted+=" $argument" ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
wanted=${wanted:-check loss bench torch}
mkdir -p "$build"
rm -f "$build"/*.o

# Folders that pip's nvidia-* packages fill, where Python has them.
wheels() { python3 -c 'import glob, site, sys
for root in site.getsitepackages() + [site.getusersitepackages()] + sys.path:
    print("\n".join(glob.glob(root + "/nvidia/*")))' 2>/dev/null | sort -u || true; }

nvcc=${NVCC:-$(command -v nvcc || true)}
for folder in /usr/local/cuda $(wheels); do
  if [ -z "$nvcc" ] && [ -x "$folder/bin/nvcc" ]; then nvcc=$folder/bin/nvcc; fi
done
if [ -z "$nvcc" ]; then
  echo "check_gpu: no nvcc on the path, in /usr/local/cuda or in Python's nvidia packages; NVCC=... names one" >&2
  exit 2
fi
home=$(dirname "$(dirname "$(readlink -f "$nvcc")")")
# pip's packages for CUDA 12 have a folder each; /usr is where Debian's packages (NCCL's with images too) put theirs.
folders="$home /usr/local/cuda $(wheels) /usr"

# The first file of these names in a lib folder.
library() {
  local folder name
  for folder in $folders; do
    for name in "$@"; do
      for file in "$folder"/lib64/$name "$folder"/lib/$name "$folder"/targets/x86_64-linux/lib/$name \
        "$folder"/lib/x86_64-linux-gnu/$name; do
        if [ -e "$file" ]; then echo "$file"; return; fi
      done
    done
  done
  echo "check_gpu: no $1 below: $folders" >&2
  exit 2
}
# The first folder with this header: nothing for /usr, where compilers look themselves (and, told to, no more find libc's).
include() {
  local folder
  for folder in $folders; do
    if [ -e "$folder/include/$1" ]; then
      if [ "$folder" != /usr ]; then echo " -isystem $folder/include"; fi
      return 0
    fi
  done
  return 1
}
includes="-I."
for header in cuda_runtime_api.h cublasLt.h; do
  found=$(include $header) || { echo "check_gpu: no include/$header below: $folders" >&2; exit 2; }
  includes+=$found
done
cublas=$(library libcublasLt.so 'libcublasLt.so.[0-9]*')
cudart=$(library libcudart_static.a libcudart.so 'libcudart.so.[0-9]*')

architecture=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -1 | tr -d . || true)
if [[ "$architecture" =~ ^[0-9]+$ ]]; then
  architectures=(-gencode "arch=compute_$architecture,code=sm_$architecture")
else
  architectures=(-gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=sm_90)
fi

sources="worker/train/cuda/cublas_products worker/train/cuda/cuda_memory_device worker/train/cuda/check_gpu_main
  worker/train/cuda/device_check worker/train/cuda/step_check worker/train/cuda/loss_run worker/train/cuda/peak_flops
  worker/train/cuda/scatter_order
  worker/train/cuda/host_device worker/train/cuda/host_memory_device worker/train/cuda/host_attention
  worker/train/cuda/llama_places worker/train/cuda/llama_program worker/train/cuda/resident_model
  worker/train/cuda/resident_update edge_runtime/model/config edge_runtime/model/json edge_runtime/model/json_writer
  edge_runtime/model/utf8"
libraries="$cudart $cublas"
flags=
nccl=$(library libnccl.so 'libnccl.so.[0-9]*' 2>/dev/null || true)
if [ -n "$nccl" ] && found=$(include nccl.h); then
  flags=-DBONSAI_NCCL
  includes+=$found
  libraries+=" $nccl -Wl,-rpath,$(dirname "$nccl")"
  sources+=" worker/train/cuda/nccl_reducer"
fi
jobs=()
# shellcheck disable=SC2086
for source in $sources; do
  g++ -std=c++20 -O3 $flags $includes -c "$source.cc" -o "$build/${source//\//_}.o" &
  jobs+=($!)
done
# shellcheck disable=SC2086
"$nvcc" -std=c++20 -O3 "${architectures[@]}" $includes -c worker/train/cuda/cuda_device.cu -o "$build/cuda_device.o" &
jobs+=($!)
for job in "${jobs[@]}"; do wait "$job"; done
# shellcheck disable=SC2086
g++ "$build"/*.o -o "$build/check_gpu" $libraries -Wl,-rpath,"$(dirname "$cublas")" \
  -Wl,-rpath,"$(dirname "$cudart")" -ldl -lrt -lpthread
echo "built $build/check_gpu"

status=0
run() { "$build/check_gpu" "$@" || { code=$?; [ $code = 3 ] && exit 3; status=1; }; }
for name in $wanted; do
  case "$name" in
    check) run --check ;;
    loss)
      # The text is this repository's own: sources and pages, in the order of their names.
      find . -name .git -prune -o -type f \( -name '*.cc' -o -name '*.h' -o -name '*.md' -o -name '*.py' -o -name '*.proto' \) \
        -print0 | sort -z | xargs -0 cat > "$build/text"
      run --loss="$seconds" --text="$build/text"
      ;;
    bench) run --bench ;;
    torch)
      if python3 -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
        python3 worker/train/cuda/torch_bench.py || status=1
      else
        echo "torch: this machine's python3 has no torch with a GPU: not compared"
      fi
      ;;
  esac
done
exit $status
