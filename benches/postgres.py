"""A PostgreSQL server with its own defaults, which nobody else uses."""

import glob
import os
import shutil
import subprocess

from harness import free_port, output

USER = "bench"


def installed():
    return sorted(glob.glob("/usr/lib/postgresql/*/bin"))


def binaries():
    """The folder of initdb and pg_ctl; Debian does not put it on the path."""
    if not installed():
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-y", "-qq", "postgresql"], check=True, env=environment)
    return installed()[-1]


def version():
    return output(f"{binaries()}/postgres", "--version").replace("postgres (PostgreSQL)", "PostgreSQL").split(" (")[0]


class Postgres:
    """From start to end, in a folder of its own: durable, as it is installed."""

    def __init__(self, folder):
        self.port = free_port()
        self.folder = folder
        # PostgreSQL refuses to run as root.
        self.user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

    def url(self, database="postgres"):
        return f"postgres://{USER}@127.0.0.1:{self.port}/{database}"

    def run(self, program, *arguments):
        command = [*self.user, f"{binaries()}/{program}", f"--pgdata={self.folder}/data", *arguments]
        with (self.folder / "commands.log").open("ab") as log:
            done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if done.returncode != 0:
            raise SystemExit(f"{program}: {(self.folder / 'commands.log').read_text()[-2000:]}")

    def query(self, statement):
        """The only line that a statement prints."""
        return output("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", statement, self.url())

    def __enter__(self):
        self.folder.mkdir(parents=True)
        if self.user:
            if subprocess.run([*self.user, "test", "-x", str(self.folder)], cwd="/").returncode != 0:
                raise SystemExit(f"the user postgres cannot reach {self.folder}; set CARGO_TARGET_DIR to where it can")
            shutil.chown(self.folder, "postgres")
        self.run("initdb", f"--username={USER}", "--auth=trust", "--encoding=UTF8")
        where = f"-c port={self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        self.run("pg_ctl", "start", "--wait", f"--log={self.folder}/server.log", f"--options={where}")
        return self

    def __exit__(self, *_):
        self.run("pg_ctl", "stop", "--wait", "--mode=fast")
