"""Judges one program inside a sandbox: PythonCodeJudge runs it, behind the sandbox's own first lines.

Two processes. The candidate's is forked first, before anything of the examination is read, and executes the
model's program; all it shares with this one are two pipes. The tests run here. They call a stand-in, which sends
the arguments over and gets the result back as plain data (numbers, strings, lists, ...), so nothing of the
program, no object with an __eq__ of its own, ever lives in this process. The descriptor for the verdict is
closed in the candidate's process before its first line, and there is no /proc, socket or tracing call by which
it could get it back.

Standard input: a line with four lengths in bytes, then the bytes of: the program, the name of its function, the
setup (what the tests may use), the tests (which define check(candidate)). Verdict: "passed", or why not.
"""
import builtins
import os
import sys
import time

VERDICT = 3
MESSAGE_BYTES_MAX = 1 << 24
ITEMS_MAX = 1 << 20


def imported(module, name):
    """The class of the module, if anybody has imported that: most programs need none, and imports cost time."""
    return getattr(sys.modules.get(module), name, ())


def pack_text(tag, data):
    return tag + len(data).to_bytes(4, "big") + data


def pack_items(tag, items):
    packed = [pack(item) for item in items]
    return tag + len(packed).to_bytes(4, "big") + b"".join(packed)


def pack(value):
    """The value as bytes: a tag, a length, and text or items. What is not plain data becomes an object that equals
    nothing."""
    if value is None or value is True or value is False:
        return {None: b"N", True: b"T", False: b"F"}[value]
    for kind, tag, text in TEXTS:
        if isinstance(value, kind):
            return pack_text(tag, text(value))
    for kind, tag, items in CONTAINERS:
        if isinstance(value, kind):
            return pack_items(tag, items(value))
    if isinstance(value, imported("decimal", "Decimal")):
        return pack_text(b"D", str(value).encode())
    if isinstance(value, imported("fractions", "Fraction")):
        return pack_items(b"/", (value.numerator, value.denominator))
    if isinstance(value, imported("collections", "deque")):
        return pack_items(b"q", value)
    if hasattr(value, "__next__"):
        return pack_items(b"*", (item for item, _ in zip(value, range(ITEMS_MAX))))
    return b"O"


TEXTS = (
    (int, b"i", lambda v: b"%x" % v),
    (float, b"f", lambda v: float.hex(v).encode()),
    (str, b"s", lambda v: str(v).encode("utf-8", "surrogatepass")),
    (bytes, b"b", bytes),
    (bytearray, b"B", bytes),
)
CONTAINERS = (
    (list, b"[", iter),
    (tuple, b"(", iter),
    (set, b"{", iter),
    (frozenset, b"<", iter),
    (dict, b"d", lambda v: (half for pair in v.items() for half in pair)),
    (type({}.keys()), b"k", iter),
    (complex, b"c", lambda v: (v.real, v.imag)),
    (range, b"r", lambda v: (v.start, v.stop, v.step)),
)
FROM_TEXT = {
    b"i": lambda v: int(v, 16),
    b"f": lambda v: float.fromhex(v.decode("ascii")),
    b"s": lambda v: v.decode("utf-8", "surrogatepass"),
    b"b": lambda v: v,
    b"B": bytearray,
    b"D": lambda v: __import__("decimal").Decimal(v.decode("ascii")),
}
FROM_ITEMS = {
    b"[": lambda v: v,
    b"(": tuple,
    b"{": set,
    b"<": frozenset,
    b"d": lambda v: dict(zip(v[::2], v[1::2], strict=True)),
    b"k": lambda v: dict.fromkeys(v).keys(),
    b"c": lambda v: complex(*v),
    b"r": lambda v: range(*v),
    b"/": lambda v: __import__("fractions").Fraction(*v),
    b"q": lambda v: __import__("collections").deque(v),
    b"*": iter,
}
ALONE = {b"N": None, b"T": True, b"F": False}


def unpack_at(data, at):
    """(value, where the next one begins). Of bytes from a stranger: nothing but the types above comes out."""
    tag = data[at:at + 1]
    if tag == b"O":
        return object(), at + 1
    if tag in ALONE:
        return ALONE[tag], at + 1
    size = int.from_bytes(data[at + 1:at + 5], "big")
    at += 5
    if size > len(data) - at:
        raise ValueError("a length beyond the message")
    if tag in FROM_TEXT:
        return FROM_TEXT[tag](data[at:at + size]), at + size
    items = []
    for _ in range(size):
        item, at = unpack_at(data, at)
        items.append(item)
    return FROM_ITEMS[tag](items), at


def unpack(data):
    return unpack_at(data, 0)[0]


def read_exactly(fd, size):
    parts = []
    while size > 0:
        part = os.read(fd, min(size, 1 << 16))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def send(fd, *packed):
    """One message: values that are packed already (an iterator can be packed only once)."""
    data = b"(" + len(packed).to_bytes(4, "big") + b"".join(packed)
    data = len(data).to_bytes(4, "big") + data
    while data:
        data = data[os.write(fd, data):]


def receive(fd):
    """The values of the next message; None at the end."""
    head = read_exactly(fd, 4)
    if head is None:
        return None
    size = int.from_bytes(head, "big")
    if size > MESSAGE_BYTES_MAX:
        raise ValueError("a message of %d bytes" % size)
    body = read_exactly(fd, size)
    return None if body is None else unpack(body)


def be_candidate(program, entry_point, calls, replies):
    """Executes the program and answers calls of its function until there are no more."""
    namespace = {}
    try:
        exec(compile(program, "program.py", "exec"), namespace)
        function = namespace[entry_point]
    except BaseException as error:
        send(replies, pack(type(error).__name__), pack(None), pack(None))
        return
    send(replies, pack(None), pack(None), pack(None))
    while (message := receive(calls)) is not None:
        arguments, named = message
        before = pack(arguments)
        raised = result = pack(None)
        try:
            result = pack(function(*arguments, **named))
        except BaseException as error:
            raised = pack(type(error).__name__)
        after = pack(arguments)
        send(replies, raised, result, pack(None) if after == before else after)


class Stopped(BaseException):
    """The candidate's process does not answer any more."""


class Candidate:
    """The stand-in that the tests call."""

    def __init__(self, calls, replies):
        self._calls, self._replies, self.gone = calls, replies, False

    def hear(self):
        """(result, arguments after the call if they changed), or what the program raised is raised here."""
        name = None
        try:
            name, result, after = receive(self._replies)
            if name is None:
                return result, after
            name = name if name.isidentifier() else "?"
        except Exception:
            # It ended, or it does not speak as be_candidate does.
            self.gone = True
        if self.gone:
            raise Stopped
        kind = getattr(builtins, name, None)
        # Not what would end a loop of the tests as if it were done.
        if not (isinstance(kind, type) and issubclass(kind, Exception)) or name.startswith("Stop"):
            kind = RuntimeError
        error = kind.__new__(kind)
        error.from_program = name[:40]
        raise error

    def __call__(self, *arguments, **named):
        if self.gone:
            raise Stopped
        try:
            send(self._calls, pack(list(arguments)), pack(named))
        except BrokenPipeError:
            self.gone = True
            raise Stopped
        result, after = self.hear()
        # What the function did to its arguments, it did to the caller's.
        for mine, theirs in zip(arguments, after or []):
            if isinstance(mine, list) and isinstance(theirs, list):
                mine[:] = theirs
            elif isinstance(mine, (dict, set)) and type(mine) is type(theirs):
                mine.clear()
                mine.update(theirs)
        return result


def how_it_ended(pid):
    """Of a candidate's process that does not speak any more."""
    import signal
    for _ in range(100):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended == pid:
            if not os.WIFSIGNALED(status):
                break
            number = os.WTERMSIG(status)
            return "out of processor time" if number == signal.SIGXCPU else "ended by signal %d" % number
        time.sleep(0.01)
    return "ended before the tests did"


def describe(error, candidate, pid):
    if candidate.gone:
        return how_it_ended(pid)
    name = getattr(error, "from_program", None)
    return "the program raised %s" % name if name else "a test raised %s" % type(error).__name__


def examine(setup, test, entry_point, candidate):
    namespace = {}
    candidate.hear()
    if "random" in setup or "random" in test:
        # The tests draw the same numbers each time.
        __import__("random").seed(0)
    try:
        compiled = compile(setup, "setup.py", "exec")
    except SyntaxError:
        # The head of a function without as much as a docstring.
        compiled = compile(setup + "\n    pass\n", "setup.py", "exec")
    exec(compiled, namespace)
    namespace[entry_point] = candidate
    exec(compile(test, "test.py", "exec"), namespace)
    namespace["check"](candidate)


def read_text(size):
    return read_exactly(0, size).decode("utf-8", "replace")


def main():
    lengths = b""
    while not lengths.endswith(b"\n"):
        lengths += read_exactly(0, 1)
    program_bytes, name_bytes, setup_bytes, test_bytes = map(int, lengths.split())
    program, entry_point = read_text(program_bytes), read_text(name_bytes)
    theirs, calls = os.pipe()
    replies, their_replies = os.pipe()
    pid = os.fork()
    if pid == 0:
        for fd in (VERDICT, calls, replies):
            os.close(fd)
        os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
        try:
            be_candidate(program, entry_point, theirs, their_replies)
        finally:
            os._exit(0)
    os.close(theirs)
    os.close(their_replies)
    setup, test = read_text(setup_bytes), read_text(test_bytes)
    candidate = Candidate(calls, replies)
    verdict = "passed"
    try:
        examine(setup, test, entry_point, candidate)
    except BaseException as error:
        verdict = describe(error, candidate, pid)
    if candidate.gone and verdict == "passed":
        verdict = how_it_ended(pid)
    os.write(VERDICT, verdict.encode())
    os._exit(0)


main()
