"""A Windows for Ballast's own code: on `PYTHONPATH`, it makes any Python process one.

What Ballast imports of the standard library is what there is on Windows: no `fcntl`, `resource` or
`uvloop`, no `os.geteuid`, `os.pwrite` or `O_DIRECTORY`, no `SIGKILL` or `SIGHUP`; no folder can be
opened, a file must be writable to be synced, one that somebody has open is not replaced or removed,
a loop takes no signals and no pipes, SIGTERM to a child kills it, and a name with a colon is
refused. Texts are opened with an encoding or not at all. Others' code sees the system as it is: it
has its own ways on Windows, which their makers test. What this cannot show stands in
docs/assumptions.md.

A process says `ctrl-break` by SIGUSR1: that is how a test, or a supervisor here, sends one.
"""

# ruff: noqa: ANN001, ANN002, ANN003, ANN202 - what stands in for calls takes whatever they take

from __future__ import annotations

import asyncio
import builtins
import errno
import os
import signal
import stat
import subprocess
import sys
import time
import types
import warnings

ABSENT_MODULES = {
    "fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "uvloop", "syslog", "posix",
    "readline", "crypt", "nis", "ossaudiodev", "spwd",
}  # fmt: skip
ABSENT = {
    "os": {
        "chown", "chroot", "fchmod", "fchown", "fork", "forkpty", "fpathconf", "getegid", "geteuid",
        "getgid", "getgroups", "getloadavg", "getpgid", "getpgrp", "getpriority", "getresuid",
        "getsid", "getuid", "kill_group", "killpg", "lchown", "lockf", "mkfifo", "mknod", "nice",
        "openpty", "pathconf", "posix_fadvise", "posix_fallocate", "posix_spawn", "pread", "preadv",
        "pwrite", "pwritev", "readv", "sched_getaffinity", "sched_setaffinity", "sched_yield",
        "sendfile", "set_blocking", "get_blocking", "setegid", "seteuid", "setgid", "setpgid",
        "setpriority", "setsid", "setuid", "statvfs", "sync", "sysconf", "tcgetpgrp", "ttyname",
        "uname", "wait", "wait3", "wait4", "waitid", "writev", "fdatasync", "memfd_create",
        "O_ASYNC", "O_CLOEXEC", "O_DIRECT", "O_DIRECTORY", "O_DSYNC", "O_LARGEFILE", "O_NDELAY",
        "O_NOATIME", "O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK", "O_PATH", "O_RSYNC", "O_SYNC",
        "O_TMPFILE", "O_ACCMODE", "WNOHANG", "WUNTRACED", "WEXITSTATUS", "WIFEXITED", "WTERMSIG",
    },
    "signal": {
        "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCLD", "SIGCONT", "SIGHUP", "SIGIO", "SIGIOT", "SIGKILL",
        "SIGPIPE", "SIGPOLL", "SIGPROF", "SIGPWR", "SIGQUIT", "SIGRTMAX", "SIGRTMIN", "SIGSTKFLT",
        "SIGSTOP", "SIGSYS", "SIGTRAP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1",
        "SIGUSR2", "SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ", "alarm", "getitimer", "pause",
        "pthread_kill", "pthread_sigmask", "setitimer", "siginterrupt", "sigpending",
        "sigtimedwait", "sigwait", "sigwaitinfo",
    },
    "time": {
        "clock_getres", "clock_gettime", "clock_gettime_ns", "clock_settime", "tzset",
        "pthread_getcpuclockid", "CLOCK_BOOTTIME", "CLOCK_MONOTONIC", "CLOCK_REALTIME", "CLOCK_TAI",
    },
    "socket": {"AF_UNIX", "AF_PACKET", "SO_REUSEPORT", "send_fds", "recv_fds"},
}  # fmt: skip
SIGBREAK, CTRL_C_EVENT, CTRL_BREAK_EVENT = 21, 0, 1
REFUSED_SIGNS = frozenset('<>:"|?*\\') | {chr(code) for code in range(32)}
DEVICES = {"con", "prn", "aux", "nul"} | {
    f"{one}{digit}" for one in ("com", "lpt") for digit in "123456789"
}
PLACES = ("/proc/", "/dev/", "/sys/")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def bad_name(name: str) -> bool:
    """Whether Windows refuses a name of a file or a folder."""
    return (
        bool(REFUSED_SIGNS & set(name))
        or name.partition(".")[0].rstrip().lower() in DEVICES
        or name != name.rstrip(". ")
    )


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    """Refuse names that no file could have, where one is made."""
    match event, arguments:
        case "open", (str() | bytes() as path, _, int() as flags) if flags & WRITES:
            made = path
        case "os.mkdir", (str() | bytes() as path, *_):
            made = path
        case "os.rename" | "os.link", (_, str() | bytes() as path, *_):
            made = path
        case _:
            return
    text = os.fsdecode(made)
    if text.startswith(PLACES):
        return
    if bad_name(os.path.basename(text)):  # noqa: PTH119 - called for every file
        raise OSError(errno.EINVAL, "Windows refuses this name", text)


def _is_open_here(path: object) -> bool:
    """Whether this process has a file open or mapped."""
    name = os.path.realpath(os.fspath(path))  # type: ignore[call-overload]
    for handle in os.listdir("/proc/self/fd"):  # noqa: PTH208 - as above
        try:
            if os.readlink(f"/proc/self/fd/{handle}") == name:  # noqa: PTH115
                return True
        except OSError:
            continue
    with open("/proc/self/maps", encoding="utf-8") as maps:  # noqa: PTH123
        return any(line.rstrip("\n").endswith(f" {name}") for line in maps)


def _replacing(real):
    def replace(source, target, **rest):
        for one in (source, target):
            if _is_open_here(one):
                raise PermissionError(errno.EACCES, "somebody has it open", os.fspath(one))
        if os.path.isdir(target):  # noqa: PTH112
            raise PermissionError(errno.EACCES, "a folder is there", os.fspath(target))
        return real(source, target, **rest)

    return replace


def _unlinking(real):
    def unlink(path, **rest):
        if "dir_fd" not in rest and _is_open_here(path):
            raise PermissionError(errno.EACCES, "somebody has it open", os.fspath(path))
        return real(path, **rest)

    return unlink


def _open(path, flags, mode=0o777, **rest):
    if os.path.isdir(path):  # noqa: PTH112
        raise PermissionError(errno.EACCES, "is a folder", os.fspath(path))
    return os.open(path, flags & ~BINARY, mode, **rest)


BINARY = 1 << 30
_get_flags = __import__("fcntl").fcntl, __import__("fcntl").F_GETFL


def _fsync(handle):
    call, ask = _get_flags
    if call(handle, ask) & (os.O_WRONLY | os.O_RDWR) == 0:
        raise OSError(errno.EBADF, "opened for reading alone")
    return os.fsync(handle)


def _write(handle, data):
    if handle > 2 and b"\n" in bytes(data) and handle not in _BINARIES:
        raise OSError(errno.EINVAL, "a line end would become two bytes: no O_BINARY")
    return os.write(handle, data)


_BINARIES: set[int] = set()


def _open_noted(path, flags, mode=0o777, **rest):
    handle = _open(path, flags, mode, **rest)
    (_BINARIES.add if flags & BINARY else _BINARIES.discard)(handle)
    return handle


def _stat_like_windows(handle):
    found = os.fstat(handle)
    mode = stat.S_IFMT(found.st_mode) | 0o666
    return os.stat_result((mode, *found[1:4], 0, 0, *found[6:]))


def _signal(number, handler):
    return signal.signal(signal.SIGUSR1 if number == SIGBREAK else number, handler)


def _getsignal(number):
    return signal.getsignal(signal.SIGUSR1 if number == SIGBREAK else number)


def _proxy(real, absent, **instead):
    made = types.ModuleType(real.__name__, real.__doc__)
    made.__dict__.update({key: one for key, one in vars(real).items() if key not in absent})
    made.__dict__.update(instead)
    return made


_AS_ON_WINDOWS = {
    "os": _proxy(
        os, ABSENT["os"], open=_open_noted, fsync=_fsync, fstat=_stat_like_windows, write=_write,
        O_BINARY=BINARY,
    ),
    "signal": _proxy(
        signal, ABSENT["signal"], signal=_signal, getsignal=_getsignal, SIGBREAK=SIGBREAK,
        CTRL_C_EVENT=CTRL_C_EVENT, CTRL_BREAK_EVENT=CTRL_BREAK_EVENT,
    ),
    "time": _proxy(time, ABSENT["time"]),
    "socket": _proxy(__import__("socket"), ABSENT["socket"]),
}  # fmt: skip
_import = builtins.__import__


def _imported(name, globals=None, locals=None, fromlist=(), level=0):  # noqa: A002
    asker = (globals or {}).get("__name__", "")
    if level == 0 and (asker == "ballast" or asker.startswith(("ballast.", "__main__"))):
        if name.partition(".")[0] in ABSENT_MODULES:
            raise ModuleNotFoundError(f"No module named '{name}' on Windows", name=name)
        if name in _AS_ON_WINDOWS:
            return _AS_ON_WINDOWS[name]
    return _import(name, globals, locals, fromlist, level)


def _refuses(*_: object, **__: object) -> None:
    raise NotImplementedError


_begin, _send = subprocess.Popen.__init__, subprocess.Popen.send_signal


def _begun(self, *words, **rest):
    if rest.get("pass_fds") or rest.get("preexec_fn"):
        raise ValueError("pass_fds and preexec_fn are not supported on Windows platforms")
    return _begin(self, *words, **rest)


def _sent(self, number):
    if number == signal.SIGTERM:
        return _send(self, signal.SIGKILL)
    if number == CTRL_BREAK_EVENT:
        return _send(self, signal.SIGUSR1)
    if number in {signal.SIGKILL, CTRL_C_EVENT}:
        return _send(self, number)
    raise ValueError(f"Unsupported signal: {number}")


import filelock  # noqa: E402, F401 - it has locks of Windows's own, and must find those of this system

builtins.__import__ = _imported
os.replace, os.rename = _replacing(os.replace), _replacing(os.rename)
os.unlink = os.remove = _unlinking(os.unlink)
asyncio.SelectorEventLoop.add_signal_handler = _refuses  # type: ignore[method-assign,assignment]
asyncio.SelectorEventLoop.add_reader = _refuses  # type: ignore[method-assign,assignment]
asyncio.SelectorEventLoop.add_writer = _refuses  # type: ignore[method-assign,assignment]
asyncio.SelectorEventLoop.create_unix_connection = _refuses  # type: ignore[method-assign,assignment]
subprocess.Popen.__init__, subprocess.Popen.send_signal = _begun, _sent  # type: ignore[method-assign]
warnings.filterwarnings("ignore", category=EncodingWarning)
warnings.filterwarnings("error", "'encoding' argument", EncodingWarning, module=r"ballast\.")
sys.addaudithook(_watch)
