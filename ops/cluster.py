"""`./run cluster`: the production's processes on this machine, to use and to break one by one."""

import argparse
import os
import re
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from ops import packages, postgres
from ops.launcher import NotReadyError, start
from ops.parts import LONGEST_FOLDER, ROOT, Cluster, Part, shown
from ops.state import Process, StateFile, runs

PASSED_ON = re.compile(r"(CHAT_|EMAIL_URL$)")
MOST_WEBS = 16
# Longer than the longest drain that the tests and the defaults use
STOP_WITHIN = 40.0


def main() -> None:
    arguments = parse(sys.argv[1:])
    os.chdir(ROOT)
    folder = (ROOT / arguments.dir).resolve()
    if len(str(folder)) > LONGEST_FOLDER:
        sys.exit(f"./run: CLUSTER_DIR is too long for Unix sockets (over {LONGEST_FOLDER} characters): {folder}")
    match arguments.action:
        case "stop":
            stop(folder)
        case "start":
            start_one(folder, arguments.name)
        case webs:
            start_all(folder, int(webs), arguments.port)
            if arguments.wait:
                stay(folder)


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run cluster", description=__doc__)
    parser.add_argument("action", nargs="?", default="2", help="how many web processes; or stop; or start NAME")
    parser.add_argument("name", nargs="?", default="", help="the process to start again, such as web1")
    parser.add_argument("--wait", action="store_true", help="stay in the foreground; Ctrl-C ends all")
    parser.add_argument("--dir", default=os.environ.get("CLUSTER_DIR") or ".cluster", help="its folder")
    parser.add_argument("--port", type=int, default=int(os.environ.get("CLUSTER_PORT") or 8080), help="0: any free one")
    arguments = parser.parse_args(words)
    number = arguments.action.isdecimal() and 1 <= int(arguments.action) <= MOST_WEBS
    if not number and arguments.action not in ("start", "stop"):
        parser.error(f"“{arguments.action}” is neither a number from 1 to {MOST_WEBS} nor “start” or “stop”")
    if bool(arguments.name) != (arguments.action == "start"):
        parser.error("“start” takes the name of a process, and nothing else does")
    return arguments


def start_all(folder: Path, webs: int, port: int) -> None:
    packages.require(packages.CLUSTER)
    state = StateFile(folder)
    if running := running_processes(state):
        sys.exit(f"./run: {', '.join(running)} of this cluster run already; “./run cluster stop” ends them.")
    cluster = Cluster(folder, f"http://127.0.0.1:{free_port(port)}", webs)
    lay_out(cluster)
    write_settings(cluster)
    state.write({"address": cluster.url, "processes": [described(cluster, part) for part in cluster.parts()]})
    print(f"Starting PostgreSQL, Redis, {webs} web processes, the worker and HAProxy …", flush=True)
    try:
        start(cluster, cluster.services(), environment(folder))
        ready_the_site(cluster)
        start(cluster, cluster.site(), environment(folder))
    except (NotReadyError, subprocess.CalledProcessError) as error:
        stop(folder)
        sys.exit(f"./run: {error}")
    except KeyboardInterrupt:
        stop(folder)
        sys.exit(130)
    print(f"The cluster is up; open {setup_link(cluster) or cluster.url}")


def start_one(folder: Path, name: str) -> None:
    state = StateFile(folder).read()
    if state is None:
        sys.exit(f"./run: there is no cluster in {shown(folder)}; “./run cluster” makes one.")
    webs = sum(process["name"].startswith("web") for process in state["processes"])
    cluster = Cluster(folder, state["address"], webs)
    part = cluster.part(name)
    if part is None:
        sys.exit(f"./run: no process is named {name}; there are {', '.join(p.name for p in cluster.parts())}.")
    if pid := StateFile(folder).pid(name):
        sys.exit(f"./run: {name} runs already, as process {pid}.")
    if name == "haproxy":
        cluster.write_haproxy_config()
    try:
        start(cluster, [part], environment(folder))
    except NotReadyError as error:
        sys.exit(f"./run: {error}")


def stop(folder: Path) -> None:
    """End all processes: first those that use others, so that nothing complains."""
    state = StateFile(folder)
    known = state.read()
    if known is None:
        return
    names = [process["name"] for process in known["processes"]]
    users = [name for name in names if name not in ("postgres", "redis")]
    for group in (users, ["redis"], ["postgres"]):
        end(state, group)


def end(state: StateFile, names: list[str]) -> None:
    pids = {pid: name for name in names if (pid := state.pid(name))}
    for pid, name in pids.items():
        send(pid, postgres.FAST_SHUTDOWN if name == "postgres" else signal.SIGTERM)
        send(pid, signal.SIGCONT)  # a paused process hears the first only then
    deadline = time.monotonic() + STOP_WITHIN
    while any(runs(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid, name in pids.items():
        if runs(pid):
            print(f"./run: {name} did not end within {STOP_WITHIN:.0f} s; it is killed.", file=sys.stderr)
            send(pid, signal.SIGKILL)
        state.forget_pid(name, pid)


def send(pid: int, what: signal.Signals) -> None:
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return


def stay(folder: Path) -> None:
    """Wait for Ctrl-C or SIGTERM, then end all."""
    print("Ctrl-C ends it.", flush=True)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    print("\nEnding …", flush=True)
    stop(folder)


def running_processes(state: StateFile) -> list[str]:
    known = state.read()
    return [process["name"] for process in known["processes"] if state.pid(process["name"])] if known else []


def free_port(port: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(f"./run: port {port} is not free ({error.strerror}); CLUSTER_PORT takes another, 0 any free one.")
        return int(probe.getsockname()[1])


def lay_out(cluster: Cluster) -> None:
    for part in ("redis", "data"):
        (cluster.folder / part).mkdir(parents=True, exist_ok=True)
    if postgres.initialise(cluster.postgres_data, cluster.postgres_sockets):
        (cluster.folder / "data" / "prepared").unlink(missing_ok=True)
    cluster.write_haproxy_config()


def write_settings(cluster: Cluster) -> None:
    """Write `env`: what the caller set, what the cluster decides, and a secret that is kept."""
    path = cluster.folder / "env"
    kept = read_settings(path).get("SECRET_KEY") if path.is_file() else None
    passed_on = {name: value for name, value in os.environ.items() if PASSED_ON.match(name)}
    settings = passed_on | cluster.settings() | {"SECRET_KEY": kept or secrets.token_urlsafe(50)}
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(settings.items())]
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(lines)


def read_settings(path: Path) -> dict[str, str]:
    pairs = (word.partition("=") for word in shlex.split(path.read_text()))
    return {name: value for name, _, value in pairs}


def environment(folder: Path) -> dict[str, str]:
    return dict(os.environ) | read_settings(folder / "env") | {"PYTHONUNBUFFERED": "1"}


def described(cluster: Cluster, part: Part) -> Process:
    python = shown(Path(sys.executable)) if Path(sys.executable).is_relative_to(ROOT) else sys.executable
    elsewhere = [] if cluster.folder == ROOT / ".cluster" else ["--dir", str(cluster.folder)]
    return {
        "name": part.name,
        "pid": None,
        "address": part.address,
        "log": shown(cluster.log(part.name)),
        "start": [python, "-m", "ops.cluster", *elsewhere, "start", part.name],
    }


def ready_the_site(cluster: Cluster) -> None:
    """Tables and static files, once for all web processes."""
    if not database_exists(cluster):
        postgres.make_database(cluster.postgres_sockets)
    command = [sys.executable, "-m", "ops.prepare"]
    subprocess.run(command, cwd=ROOT, env=environment(cluster.folder), check=True)


def database_exists(cluster: Cluster) -> bool:
    ask = [postgres.program("psql"), "-h", str(cluster.postgres_sockets), "-U", postgres.USER, "-tAc"]
    query = f"SELECT 1 FROM pg_database WHERE datname = '{postgres.DATABASE}'"  # noqa: S608 - a constant of ours
    answer = subprocess.run([*ask, query, "postgres"], check=True, capture_output=True, text=True)
    return answer.stdout.strip() == "1"


def setup_link(cluster: Cluster) -> str | None:
    """What the first web process printed, where the site waits for its first account."""
    log = cluster.log("web1").read_text(errors="replace")
    links = re.findall(rf"{re.escape(cluster.url)}/setup/\S+", log)
    return links[-1] if links and urlsplit(links[-1]).query else None


if __name__ == "__main__":
    main()
