"""Runs that need not import torch and transformers again: all are forked from one process that did.

The import takes some eight seconds of a core, and the book has about fifty runs. A fork of a process begins
where that process is, with all that it has imported. Linux only: elsewhere each run starts from nothing.
"""

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

CAN_FORK = sys.platform == "linux"
# The kernel comes first: what is imported after it draws its progress bars as in a notebook.
FOR_EVERY_RUN = ("ipykernel.kernelapp", "papermill", "jupytext", "jupyter_client", "tqdm.auto")
FOR_MODELS = (
    "matplotlib.pyplot",
    "pandas",
    "scipy.stats",
    "sklearn.linear_model",
    "transformers.models.audio_spectrogram_transformer.modeling_audio_spectrogram_transformer",
    "transformers.models.roberta.modeling_roberta",
    "musiclime.models.classifier",
)


def import_once(modules: Sequence[str]) -> None:
    """Import what the forked runs will find imported."""
    for name in modules:
        importlib.import_module(name)


class Forked:
    """A process forked from this one, with the methods of subprocess.Popen that its owners call.

    Args:
        work: what the process does; it ends when this returns.
    """

    stdin = stdout = stderr = None

    def __init__(self, work: Callable[[], None]):
        self.returncode: int | None = None
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _work_and_exit(work)
        # Parent and child both do it: whoever signals the group finds it, however early.
        with contextlib.suppress(OSError):
            os.setpgid(self.pid, self.pid)

    def poll(self) -> int | None:
        """The exit code, or None while the process goes on."""
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float = float("inf")) -> int:
        """The exit code, once the process has ended."""
        last = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > last:
                raise subprocess.TimeoutExpired("forked process", timeout)
            time.sleep(0.05)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, if it is still there."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)


def _work_and_exit(work: Callable[[], None]) -> None:
    """In the child: never return to the code of the parent."""
    code = 1
    try:
        os.setpgid(0, 0)
        work()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def write_all_to(log: Path) -> None:
    """Send what this process and its children print to a file."""
    with log.open("w", encoding="utf-8") as out:
        os.dup2(out.fileno(), sys.stdout.fileno())
        os.dup2(out.fileno(), sys.stderr.fileno())


def warm_kernel_manager() -> type:
    """Fork a kernel from this process, and answer the class of the manager that will start it.

    To be called before this process has sockets and an event loop: a fork would share them. The kernel waits
    until it is told how to connect.
    """
    from jupyter_client import AsyncKernelManager
    from jupyter_client.provisioning import LocalProvisioner

    answer, ask = os.pipe()
    waiting = Forked(_Kernel(answer, ask))
    os.close(answer)

    class Provisioner(LocalProvisioner):
        """Starts the kernel that waits, in place of a new process."""

        async def launch_kernel(self, cmd, **options):
            told = {"connection": cmd[cmd.index("-f") + 1], "environment": dict(options["env"])}
            with os.fdopen(ask, "w", encoding="utf-8") as pipe:
                json.dump(told, pipe)
            self.process = waiting
            self.pid = self.pgid = waiting.pid
            self.cwd = options.get("cwd", Path.cwd())
            return self.connection_info

    class Manager(AsyncKernelManager):
        """A kernel manager with one warm kernel."""

        def __init__(self, **options):
            super().__init__(**options)
            spec = self.kernel_spec
            self.provisioner = Provisioner(kernel_id=str(uuid.uuid4()), kernel_spec=spec, parent=self)

    return Manager


class _Kernel:
    """What a forked kernel does: wait until it is told how to connect, then serve."""

    def __init__(self, answer: int, ask: int):
        self.answer, self.ask, self.parent = answer, ask, os.getpid()

    def __call__(self) -> None:
        from ipykernel.kernelapp import IPKernelApp

        os.close(self.ask)
        with os.fdopen(self.answer, encoding="utf-8") as pipe:
            told = pipe.read()
        if not told:
            return  # the run ended before it needed a kernel
        told = json.loads(told)
        os.environ.update(told["environment"])
        sys.path[:] = [place for place in sys.path if Path(place) != Path(__file__).parent]
        sys.argv = ["ipykernel_launcher", "-f", told["connection"]]
        # The kernel ends when its run is gone.
        sys.argv.append(f"--IPKernelApp.parent_handle={self.parent}")
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()  # else all forks would draw the same unseeded numbers
        IPKernelApp.launch_instance()
