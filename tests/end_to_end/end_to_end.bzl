"""end_to_end_test: a Python test that drives the installed Bonsai as a user does."""

def end_to_end_test(name, data = []):
    """Runs name.py with the install tree as its argument.

    Args:
      name: the file's name without .py.
      data: further files.
    """
    native.sh_test(
        name = name,
        size = "large",
        timeout = "long",
        srcs = [name + ".py"],
        args = ["$(location //deploy:dist)"],
        data = data + [
            "cluster.py",
            "//deploy:dist",
        ],
        # Each starts a whole cluster: one at a time, and in the host's PID namespace, since it looks at /proc.
        tags = [
            "exclusive",
            "no_asan",
            "no_tsan",
        ],
    )
