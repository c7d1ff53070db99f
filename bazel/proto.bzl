"""bonsai_proto_library: C++ messages and gRPC stubs from .proto files, by Debian's protoc and plugin."""

ProtoFilesInfo = provider("The .proto files that an import may name.", fields = ["transitive"])

def _generate(ctx):
    protos = depset(ctx.files.srcs, transitive = [dep[ProtoFilesInfo].transitive for dep in ctx.attr.deps])
    outputs = []
    for src in ctx.files.srcs:
        stem = src.basename[:-len(".proto")]
        suffixes = [".grpc.pb.h", ".grpc.pb.cc"] if ctx.attr.grpc else [".pb.h", ".pb.cc"]
        outputs += [ctx.actions.declare_file(stem + suffix, sibling = src) for suffix in suffixes]

    # Imports are written from the repository's proto/ folder ("bonsai/v1/job.proto").
    root = ctx.label.package.split("/")[0]
    out_root = ctx.bin_dir.path + "/" + root
    args = ["--proto_path=" + root]
    if ctx.attr.grpc:
        args += ["--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin", "--grpc_out=" + out_root]
    else:
        args.append("--cpp_out=" + out_root)
    ctx.actions.run(
        executable = "/usr/bin/protoc",
        arguments = args + [src.path for src in ctx.files.srcs],
        inputs = protos,
        outputs = outputs,
        mnemonic = "Protoc",
        progress_message = "Generating %s" % ctx.label,
    )
    return [
        DefaultInfo(files = depset(outputs)),
        ProtoFilesInfo(transitive = protos),
        OutputGroupInfo(
            hdrs = depset([f for f in outputs if f.extension == "h"]),
            srcs = depset([f for f in outputs if f.extension == "cc"]),
        ),
    ]

_generate_proto = rule(
    implementation = _generate,
    attrs = {
        "srcs": attr.label_list(allow_files = [".proto"]),
        "deps": attr.label_list(providers = [ProtoFilesInfo]),
        "grpc": attr.bool(),
    },
)

def bonsai_proto_library(name, srcs, deps = [], grpc = False, visibility = None):
    """A cc_library of the messages in srcs, or of the gRPC stubs of the services in srcs.

    Args:
      name: the cc_library's name; its generated files are `name + "_files"`.
      srcs: .proto files of this package.
      deps: other bonsai_proto_library targets.
      grpc: generate the stubs, not the messages (those come from deps), so that pure code can have one alone.
      visibility: of the cc_library.
    """
    _generate_proto(
        name = name + "_files",
        srcs = srcs,
        deps = [dep + "_files" for dep in deps],
        grpc = grpc,
        visibility = visibility,
    )
    native.filegroup(name = name + "_hdrs", srcs = [name + "_files"], output_group = "hdrs")
    native.filegroup(name = name + "_srcs", srcs = [name + "_files"], output_group = "srcs")
    native.cc_library(
        name = name,
        srcs = [name + "_srcs"],
        hdrs = [name + "_hdrs"],
        # protoc's output is included as it is written, without warnings of ours.
        copts = ["-w"],
        strip_include_prefix = "/proto",
        visibility = visibility,
        deps = deps + ["//third_party:protobuf"] + (["//third_party:grpc"] if grpc else []),
    )
