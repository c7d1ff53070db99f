"""CUDA sources in Bazel: nvcc's objects as cc_libraries, and the toolkit as a repository.

Nothing here is fetched or run without --config=cuda: who needs no GPU needs no toolkit.
"""

_TOOLKIT_BUILD = """
package(default_visibility = ["//visibility:public"])

exports_files(["home.txt"])

cc_library(
    name = "headers",
    hdrs = glob(["include/*.h", "include/*.hpp", "include/crt/**", "include/nv/**", "include/nccl_device/**"]),
    includes = ["include"],
)

cc_library(
    name = "cudart",
    srcs = ["lib/libcudart_static.a"],
    linkopts = ["-ldl", "-lrt", "-lpthread"],
    deps = [":headers"],
)

# Loaded from the toolkit's folder, or from where the loader looks.
cc_library(
    name = "cublas",
    linkopts = ["-L{lib}", "-Wl,-rpath,{lib}", "-lcublasLt"],
    deps = [":headers"],
)

cc_library(
    name = "nccl",
    linkopts = ["-L{lib}", "-Wl,-rpath,{lib}", "-lnccl"],
    deps = [":headers"],
)
"""

def _cuda_toolkit(ctx):
    home = ctx.os.environ.get("CUDA_HOME", "/usr/local/cuda")
    if not ctx.path(home + "/bin/nvcc").exists:
        fail("--config=cuda: no nvcc at %s/bin; CUDA_HOME names the toolkit's folder" % home)
    lib = home + ("/lib64" if ctx.path(home + "/lib64").exists else "/lib")
    ctx.symlink(home + "/include", "include")
    ctx.symlink(lib, "lib")
    ctx.file("home.txt", home)
    ctx.file("BUILD.bazel", _TOOLKIT_BUILD.replace("{lib}", lib))

cuda_toolkit = repository_rule(
    doc = "NVIDIA's toolkit (CUDA 12 or later, with NCCL's header and library beside it), at $CUDA_HOME or /usr/local/cuda.",
    implementation = _cuda_toolkit,
    environ = ["CUDA_HOME"],
    local = True,
)

# Machine code for A100 and H100, and PTX that later cards' drivers compile.
_ARCHITECTURES = [
    "-gencode=arch=compute_80,code=sm_80",
    "-gencode=arch=compute_90,code=sm_90",
    "-gencode=arch=compute_90,code=compute_90",
]

def _nvcc_object(ctx):
    headers = cc_common.merge_cc_infos(cc_infos = [dep[CcInfo] for dep in ctx.attr.deps]).compilation_context.headers
    source = ctx.file.src
    object = ctx.actions.declare_file(ctx.label.name + ".pic.o")
    ctx.actions.run_shell(
        command = "$(cat %s)/bin/nvcc \"$@\"" % ctx.file._home.path,
        arguments = ["-std=c++20", "-O3", "-Xcompiler=-fPIC,-Wall,-Wextra", "-I.", "-c"] + _ARCHITECTURES +
                    [source.path, "-o", object.path],
        inputs = depset([source, ctx.file._home] + ctx.files.hdrs, transitive = [headers]),
        outputs = [object],
        use_default_shell_env = True,  # nvcc looks for the host's compiler
        mnemonic = "Nvcc",
        progress_message = "Compiling %s" % source.short_path,
    )
    return [DefaultInfo(files = depset([object]))]

_nvcc_object_rule = rule(
    implementation = _nvcc_object,
    attrs = {
        "src": attr.label(allow_single_file = [".cu"]),
        "hdrs": attr.label_list(allow_files = [".h"]),
        "deps": attr.label_list(providers = [CcInfo]),
        "_home": attr.label(default = "@cuda_toolkit//:home.txt", allow_single_file = True),
    },
)

def cuda_library(name, src, hdrs, deps, **kwargs):
    """A cc_library of one .cu file, compiled by nvcc for sm_80, sm_90 and later.

    Args:
      name: of the cc_library.
      src: the .cu file.
      hdrs: its headers.
      deps: cc_libraries whose headers it includes.
      **kwargs: of the cc_library.
    """
    _nvcc_object_rule(name = name + "_nvcc", src = src, hdrs = hdrs, deps = deps, tags = ["manual"])
    native.cc_library(name = name, srcs = [name + "_nvcc"], hdrs = hdrs, deps = deps, tags = ["manual"], **kwargs)
