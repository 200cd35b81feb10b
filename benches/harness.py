"""What the comparisons share: building, servers on private ports, the load generator, the machine."""

import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

BENCHES = Path(__file__).resolve().parent
ROOT = BENCHES.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", BENCHES / "target")).resolve()
RELEASE = TARGET / "release"

# Production settings; Django's default age of a session, which the other peers have as well.
SITE_SETTINGS = {
    "DEBUG": "false",
    "SECRET_KEY": "a-secret-key-for-benchmarks-only-that-is-as-long-as-one-should-be",
    "ALLOWED_HOSTS": "127.0.0.1",
    "SESSION_COOKIE_AGE": "1209600",
}


def say(text):
    print(text, file=sys.stderr, flush=True)


def need(program, *packages):
    """Installs Debian's packages when a program is absent."""
    if shutil.which(program) is None:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-y", "-qq", *packages], check=True, env=environment)


def virtual_environment(name, requirements):
    """The folder of a virtual environment with these packages."""
    folder = TARGET / name
    wanted = "\n".join(requirements)
    stamp = folder / "requirements.txt"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        quiet = ["--quiet", "--disable-pip-version-check"]
        subprocess.run([str(folder / "bin/pip"), "install", *quiet, *requirements], check=True)
        stamp.write_text(wanted)
    return folder


def build(*packages):
    """Builds packages of the benches' workspace."""
    command = ["cargo", "build", "--release", "--quiet", "--target-dir", str(TARGET)]
    for package in packages:
        command += ["-p", package]
    subprocess.run(command, cwd=BENCHES, check=True)


def manage():
    """The shipped program: the one that SESSIONID_MANAGE names, or a fresh release build."""
    if named := os.environ.get("SESSIONID_MANAGE"):
        return str(Path(named).resolve())
    return build_manage()


def manage_with(feature):
    """The same with a feature, under a name of its own: what is measured on SQLite is the default build."""
    if named := os.environ.get(f"SESSIONID_MANAGE_{feature.upper()}"):
        return str(Path(named).resolve())
    if feature == "postgres" and subprocess.run(["pkg-config", "--exists", "openssl"], stderr=subprocess.DEVNULL).returncode != 0:
        raise SystemExit("the feature postgres is built with OpenSSL's headers: apt-get install libssl-dev pkg-config")
    built = Path(build_manage("--features", feature))
    return shutil.copy(built, built.with_name(f"manage-{feature}"))


def build_manage(*features):
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
    command = ["cargo", "build", "--release", "--quiet", "--bin", "manage", "--target-dir", str(target), *features]
    subprocess.run(command, cwd=ROOT, check=True)
    return str(target / "release/manage")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def site_folder(folder):
    """A fresh folder with the site's templates and static files, on the disk of the target folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for part in ("templates", "static"):
        shutil.copytree(ROOT / part, folder / part)
    return folder


class Server:
    """A process from start to end; its output goes to a file in its folder."""

    def __init__(self, command, folder, port, path=None, environment=None):
        self.port = port
        self.log = folder / f"{Path(command[0]).name}.log"
        self.started = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env={**os.environ, **(environment or {})}, stdout=log, stderr=log
            )
        try:
            self._wait(path)
        except BaseException:
            self.stop()
            raise

    def _wait(self, path):
        """Until it listens; with a path, until it answers there. Tries every 2 ms."""
        deadline = self.started + 30
        while True:
            try:
                if path is None:
                    socket.create_connection(("127.0.0.1", self.port), 5).close()
                else:
                    urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5).read()
                self.seconds_to_first_answer = time.monotonic() - self.started
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{self.log.name}: did not start\n{self.log.read_text()[-2000:]}") from None
                time.sleep(0.002)

    def peak_memory(self):
        """VmHWM in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def sessionid(program, folder, extra_settings=None, path="/hello/plain"):
    """The shipped site in `folder`."""
    port = free_port()
    environment = {**SITE_SETTINGS, **(extra_settings or {})}
    command = [program, "runserver", f"127.0.0.1:{port}"]
    return Server(command, folder, port, path=path, environment=environment)


def load_command(port, kind, **options):
    command = [str(RELEASE / "load"), f"127.0.0.1:{port}", "--load", kind]
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            command.append(option)
        elif value is not None and value is not False:
            command += [option, str(value)]
    return command


def load(port, kind, **options):
    """One run of the load generator."""
    # What an earlier server left to be written must not be paid for by this one.
    os.sync()
    done = subprocess.run(load_command(port, kind, **options), stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def fsync_microseconds(folder, count=400):
    """The median time to append 4 KiB to a file and have it on disk."""
    path = folder / "fsync-probe"
    times = []
    with path.open("wb", buffering=0) as file:
        for _ in range(count):
            before = time.perf_counter()
            file.write(b"\0" * 4096)
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - before)
    path.unlink()
    return sorted(times)[count // 2] * 1e6


def machine(folder):
    """The machine, as far as the figures depend on it."""
    folder.mkdir(parents=True, exist_ok=True)
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    kind = subprocess.run(["stat", "-f", "-c", "%T", str(folder)], stdout=subprocess.PIPE, text=True)
    return {
        "CPU": f"{cpu}, {os.cpu_count()} cores, shared by the server and the load generator",
        "kernel": f"{platform.system()} {platform.release()}",
        "disk": f"{kind.stdout.strip()}; append of 4 KiB with fdatasync {fsync_microseconds(folder):.0f} µs (median)",
        "rustc": output("rustc", "--version"),
    }


def output(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=BENCHES)
    return done.stdout.strip()


def crate_version(name, lock):
    """The version of a crate in a lock file."""
    lines = lock.read_text().splitlines()
    at = lines.index(f'name = "{name}"')
    return lines[at + 1].split('"')[1]
