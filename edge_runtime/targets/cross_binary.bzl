"""bonsai_cross_binary: a cc_binary of this repository, built for another platform, as data of a test on the host."""

# The cross compilers have no sanitizer runtimes: --config=asan and tsan stop at the host.
def _without_sanitizers(flags):
    return [flag for flag in flags if "sanitize" not in flag and flag != "-Wno-tsan"]

def _to_platform(settings, attr):
    return {
        "//command_line_option:platforms": str(attr.platform),
        "//command_line_option:copt": _without_sanitizers(settings["//command_line_option:copt"]),
        "//command_line_option:linkopt": _without_sanitizers(settings["//command_line_option:linkopt"]),
    }

_platform_transition = transition(
    implementation = _to_platform,
    inputs = [
        "//command_line_option:copt",
        "//command_line_option:linkopt",
    ],
    outputs = [
        "//command_line_option:platforms",
        "//command_line_option:copt",
        "//command_line_option:linkopt",
    ],
)

def _cross_binary(ctx):
    binary = ctx.attr.binary[0][DefaultInfo].files_to_run.executable
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = out, target_file = binary, is_executable = True)
    return [DefaultInfo(files = depset([out]), executable = out, runfiles = ctx.runfiles(files = [out]))]

bonsai_cross_binary = rule(
    implementation = _cross_binary,
    executable = True,
    attrs = {
        "binary": attr.label(cfg = _platform_transition, mandatory = True),
        "platform": attr.label(mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
