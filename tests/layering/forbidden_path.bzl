"""forbidden_path_test: passes while no source depends, however indirectly, on any target."""

def forbidden_path_test(name, sources, targets):
    """A test that prints the dependency path that should not be.

    Args:
      name: a sentence.
      sources: labels that must not depend on targets.
      targets: labels.
    """
    native.genquery(
        name = name + "_path",
        testonly = True,
        expression = "somepath(set(%s), set(%s))" % (" ".join(sources), " ".join(targets)),
        opts = ["--noimplicit_deps"],
        scope = sources + targets,
    )
    native.sh_test(
        name = name,
        srcs = ["expect_empty.sh"],
        args = ["$(location :%s_path)" % name],
        data = [":%s_path" % name],
    )
