"""install_tree: one folder with what a user installs, put together from targets and files."""

def _install_tree(ctx):
    tree = ctx.actions.declare_directory(ctx.label.name)
    commands = ["set -eu", "out=" + tree.path]
    inputs = []
    for target, folder in ctx.attr.files.items():
        for file in target.files.to_list():
            inputs.append(file)
            name = file.basename
            if folder in ctx.attr.keep_paths:
                name = file.short_path
            commands.append("install -D -m {mode} {src} $out/{folder}/{name}".format(
                mode = "755" if folder == "bin" or file.extension == "py" else "644",
                src = file.path,
                folder = folder,
                name = name,
            ))
    for file, path in ctx.attr.renamed.items():
        src = file.files.to_list()[0]
        inputs.append(src)
        commands.append("install -D -m 644 {} $out/{}".format(src.path, path))
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(script, "\n".join(commands) + "\n")
    ctx.actions.run_shell(
        command = "sh " + script.path,
        inputs = inputs + [script],
        outputs = [tree],
        mnemonic = "InstallTree",
    )
    return [DefaultInfo(files = depset([tree]), runfiles = ctx.runfiles(files = [tree]))]

install_tree = rule(
    doc = "A folder named like the target.",
    implementation = _install_tree,
    attrs = {
        "files": attr.label_keyed_string_dict(
            doc = "targets and the folder (below the tree) that their files go to",
            allow_files = True,
        ),
        "keep_paths": attr.string_list(
            doc = "folders in which files keep their path from the repository's root",
        ),
        "renamed": attr.label_keyed_string_dict(
            doc = "single files and the path that they get",
            allow_files = True,
        ),
    },
)
