"""bonsai_cross_toolchain: a platform and the toolchain of Debian's cross compiler for it."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "feature",
    "flag_group",
    "flag_set",
    "tool_path",
)

_GCC_VERSION = "12"

_COMPILE = [ACTION_NAMES.c_compile, ACTION_NAMES.cpp_compile, ACTION_NAMES.assemble, ACTION_NAMES.preprocess_assemble]
_LINK = [ACTION_NAMES.cpp_link_executable, ACTION_NAMES.cpp_link_dynamic_library]

def _always(name, actions, flags):
    return feature(
        name = name,
        enabled = True,
        flag_sets = [flag_set(actions = actions, flag_groups = [flag_group(flags = flags)])],
    )

def _config_impl(ctx):
    triple = ctx.attr.triple

    # Debian's gcc carries its version in its name; the binutils do not.
    tools = {"gcc": triple + "-gcc-" + _GCC_VERSION, "cpp": triple + "-cpp-" + _GCC_VERSION, "gcov": triple + "-gcov-" + _GCC_VERSION}
    for name in ["ar", "ld", "nm", "objcopy", "objdump", "strip"]:
        tools[name] = triple + "-" + name
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        toolchain_identifier = ctx.label.name,
        host_system_name = "local",
        target_system_name = triple,
        target_cpu = triple.split("-")[0],
        target_libc = "glibc",
        compiler = "gcc",
        abi_version = "unknown",
        abi_libc_version = "unknown",
        cxx_builtin_include_directories = [
            "/usr/%s/include" % triple,
            "/usr/lib/gcc-cross/%s/%s" % (triple, _GCC_VERSION),
        ],
        tool_paths = [tool_path(name = name, path = "/usr/bin/" + tool) for name, tool in tools.items()],
        features = [
            # Paths and the time of the build stay out of the result.
            _always("bonsai_compile", _COMPILE, ctx.attr.compile_flags + [
                "-no-canonical-prefixes",
                "-Wno-builtin-macro-redefined",
                "-D__DATE__=\"redacted\"",
                "-D__TIMESTAMP__=\"redacted\"",
                "-D__TIME__=\"redacted\"",
            ]),
            _always("bonsai_link", _LINK, ["-static"] + ctx.attr.link_flags + ["-lstdc++", "-lm"]),
        ],
    )

_cross_toolchain_config = rule(
    implementation = _config_impl,
    attrs = {
        "compile_flags": attr.string_list(),
        "link_flags": attr.string_list(),
        "triple": attr.string(mandatory = True),
    },
    provides = [CcToolchainConfigInfo],
)

def bonsai_cross_toolchain(name, triple, cpu, compile_flags = [], link_flags = []):
    """A platform named `name`, and `name`_toolchain, to be registered in WORKSPACE.

    What it links is static, so that the result runs under qemu-user and on a device without further files.

    Args:
      name: the platform's.
      triple: the prefix of Debian's cross compiler: "aarch64-linux-gnu".
      cpu: the constraint that tells the platform from others.
      compile_flags: for every compilation.
      link_flags: for every link.
    """
    constraints = ["@platforms//os:linux", cpu]
    native.platform(
        name = name,
        constraint_values = constraints,
        visibility = ["//visibility:public"],
    )
    native.filegroup(name = name + "_no_files")
    _cross_toolchain_config(
        name = name + "_config",
        compile_flags = compile_flags,
        link_flags = link_flags,
        triple = triple,
    )
    none = ":" + name + "_no_files"
    native.cc_toolchain(
        name = name + "_cc",
        all_files = none,
        ar_files = none,
        as_files = none,
        compiler_files = none,
        dwp_files = none,
        linker_files = none,
        objcopy_files = none,
        strip_files = none,
        supports_param_files = True,
        toolchain_config = ":" + name + "_config",
        toolchain_identifier = name + "_config",
    )
    native.toolchain(
        name = name + "_toolchain",
        exec_compatible_with = ["@platforms//os:linux", "@platforms//cpu:x86_64"],
        target_compatible_with = constraints,
        toolchain = ":" + name + "_cc",
        toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
    )
