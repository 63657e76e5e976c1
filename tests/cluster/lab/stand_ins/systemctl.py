"""`systemctl` and `journalctl` of a lab machine, for the few verbs that remedies use; the name it is called by decides.

As with the real one, a changed unit file counts only after `daemon-reload`: start and restart use the copy of the unit
that was loaded last, and warn when the file differs. Each started unit has a runner process, which starts ExecStart
(arguments over several lines joined at their backslashes), starts it again as `Restart=` says, and appends its output
to the journal that `journalctl -u` prints. On stop only the main process is ended (KillMode=process), so that
containers outlive their containerd.

/run/lab/units/X.service   the unit as loaded
/run/lab/state/X.json      {"runner": pid, "main": pid, "since": seconds since 1970}
/run/lab/journal/X.log     its output
"""

import argparse
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

UNITS = Path("/etc/systemd/system")
LOADED = Path("/run/lab/units")
STATE = Path("/run/lab/state")
JOURNAL = Path("/run/lab/journal")

Settings = dict[str, list[str]]


def main(argv: list[str]) -> int:
    """Run as one of the two commands; returns the exit code."""
    for folder in (LOADED, STATE, JOURNAL):
        folder.mkdir(parents=True, exist_ok=True)
    if Path(argv[0]).name == "journalctl":
        return journalctl(argv[1:])
    return systemctl(argv[1:])


def systemctl(arguments: list[str]) -> int:
    """One verb for any number of units."""
    words = [word for word in arguments if not word.startswith("-")]
    now = "--now" in arguments
    quiet = "-q" in arguments or "--quiet" in arguments
    if not words:
        return fail("this stand-in knows: " + ", ".join(VERBS))
    verb, names = words[0], [word.removesuffix(".service") for word in words[1:]]
    if verb == "daemon-reload":
        return daemon_reload()
    if verb not in VERBS:
        return fail(f"this stand-in for systemctl does not know {verb!r}")
    if verb in ("list-units", "list-unit-files"):
        return list_units()
    if verb == "show" and "-p" in arguments:
        names = [name for name in names if name != arguments[arguments.index("-p") + 1]]
    if not names:
        return fail(f"{verb}: name a unit")
    return max(VERBS[verb](name, now, quiet) for name in names)


def start(name: str, _now: bool = False, _quiet: bool = False) -> int:
    """Start a unit unless it runs."""
    if not load(name):
        return fail(f"Failed to start {name}.service: Unit {name}.service not found.", 5)
    if runner(name):
        return 0
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            run(name)
        os._exit(0)
    os.wait()
    deadline = time.time() + 5
    while time.time() < deadline and not main_pid(name):
        time.sleep(0.01)
    return 0


def stop(name: str, _now: bool = False, _quiet: bool = False) -> int:
    """Stop a unit if it runs, and wait for its end."""
    pid = runner(name)
    if not pid:
        return 0 if load(name) else fail(f"Failed to stop {name}.service: Unit {name}.service not loaded.", 5)
    os.kill(pid, signal.SIGTERM)
    while runner(name) == pid:
        time.sleep(0.02)
    return 0


def restart(name: str, _now: bool = False, _quiet: bool = False) -> int:
    """Stop and start."""
    if not load(name):
        return fail(f"Failed to restart {name}.service: Unit {name}.service not found.", 5)
    return stop(name) or start(name)


def status(name: str, _now: bool = False, _quiet: bool = False) -> int:
    """Print what the real one prints first, then the last lines of the journal."""
    if not load(name):
        return fail(f"Unit {name}.service could not be found.", 4)
    pid = main_pid(name)
    settings = parse(name)
    print(f"● {name}.service - {' '.join(settings.get('Description', [name]))}")
    print(f"     Loaded: loaded ({UNITS}/{name}.service; enabled; preset: enabled)")
    print(f"     Active: {'active (running)' if pid else 'inactive (dead)'}")
    if pid:
        print(f"   Main PID: {pid} ({settings['ExecStart'][-1].split()[0].rsplit('/', 1)[-1]})")
    print()
    for line in lines(name, 10):
        print(line)
    return 0 if pid else 3


def is_active(name: str, _now: bool = False, quiet: bool = False) -> int:
    """Print and return whether the main process runs."""
    active = main_pid(name)
    if not quiet:
        print("active" if active else "inactive")
    return 0 if active else 3


def is_enabled(name: str, _now: bool = False, quiet: bool = False) -> int:
    """Every unit file of a machine counts as enabled."""
    there = (UNITS / f"{name}.service").exists()
    if not quiet:
        print("enabled" if there else "not-found")
    return 0 if there else 1


def enable(name: str, now: bool = False, _quiet: bool = False) -> int:
    """Only `--now` has an effect."""
    return start(name) if now else 0


def disable(name: str, now: bool = False, _quiet: bool = False) -> int:
    """Only `--now` has an effect."""
    return stop(name) if now else 0


def cat(name: str, _now: bool = False, _quiet: bool = False) -> int:
    """Print the unit file and its drop-ins."""
    for path in sources(name):
        print(f"# {path}\n{path.read_text()}")
    return 0 if sources(name) else fail(f"No files found for {name}.service.")


def show(name: str, _now: bool = False, _quiet: bool = False) -> int:
    """Print a few properties."""
    known = load(name)
    pid = main_pid(name)
    print(f"MainPID={pid}")
    print(f"LoadState={'loaded' if known else 'not-found'}")
    print(f"ActiveState={'active' if pid else 'inactive'}")
    print(f"FragmentPath={UNITS}/{name}.service")
    if known:
        print(f"ExecStart={{ argv[]={' '.join(command(name))} }}")
    return 0


def list_units() -> int:
    """Print every unit file and whether it runs."""
    for path in sorted(UNITS.glob("*.service")):
        name = path.stem
        print(f"{name}.service loaded {'active running' if main_pid(name) else 'inactive dead'}")
    return 0


def daemon_reload() -> int:
    """Load every unit file anew."""
    for path in LOADED.glob("*.service"):
        path.unlink()
    for path in UNITS.glob("*.service"):
        load(path.stem)
    return 0


VERBS = {
    "start": start,
    "stop": stop,
    "restart": restart,
    "reload-or-restart": restart,
    "status": status,
    "is-active": is_active,
    "is-enabled": is_enabled,
    "enable": enable,
    "disable": disable,
    "cat": cat,
    "show": show,
    "list-units": lambda *_: 0,
    "list-unit-files": lambda *_: 0,
}


def sources(name: str) -> list[Path]:
    """A unit's file and drop-ins, in the order in which they count."""
    paths = [UNITS / f"{name}.service", *sorted((UNITS / f"{name}.service.d").glob("*.conf"))]
    return [path for path in paths if path.exists()]


def load(name: str) -> bool:
    """Keep a copy of a unit that is not loaded yet; False if there is no such unit."""
    text = "".join(path.read_text() + "\n" for path in sources(name))
    loaded = LOADED / f"{name}.service"
    if not loaded.exists():
        if not text:
            return False
        loaded.write_text(text)
    if loaded.read_text() != text:
        print(
            f"Warning: The unit file, source configuration file or drop-ins of {name}.service changed on disk."
            " Run 'systemctl daemon-reload' to reload units.",
            file=sys.stderr,
        )
    return True


def parse(name: str) -> Settings:
    """Settings of the loaded unit by name, all sections together; an empty assignment forgets the earlier ones."""
    text = re.sub(r"\\\n", " ", (LOADED / f"{name}.service").read_text())
    settings: Settings = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if not equals or key.startswith(("#", ";", "[")):
            continue
        if value.strip():
            settings.setdefault(key.strip(), []).append(value.strip())
        else:
            settings[key.strip()] = []
    return settings


def command(name: str) -> list[str]:
    """ExecStart of the loaded unit as words."""
    return shlex.split(parse(name)["ExecStart"][-1].lstrip("-@:+!"))


def environment(settings: Settings) -> dict[str, str]:
    """Environment= and EnvironmentFile= of a unit on top of this process's own."""
    found = dict(os.environ)
    for text in settings.get("Environment", []):
        for word in shlex.split(text):
            key, _, value = word.partition("=")
            found[key] = value
    # What files say comes before what the unit itself says (systemd.exec(5)).
    for text in settings.get("EnvironmentFile", []):
        path = Path(text.lstrip("-"))
        for line in path.read_text().splitlines() if path.exists() else ():
            key, equals, value = line.strip().partition("=")
            if equals and not key.startswith("#"):
                found[key] = value.strip("\"'")
    return found


def run(name: str) -> None:
    """Be the runner of a unit; never returns."""
    stopping: list[bool] = []
    child: subprocess.Popen[bytes] | None = None

    patience = 10

    def end(_number: int, _frame: object) -> None:
        stopping.append(True)
        if child:
            child.terminate()
        signal.alarm(patience)

    def lose_patience(_number: int, _frame: object) -> None:
        if child:
            child.kill()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGALRM, lose_patience)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    started: list[float] = []
    while not stopping:
        settings = parse(name)
        patience = int(settings.get("TimeoutStopSec", ["10"])[-1].rstrip("s"))
        with (JOURNAL / f"{name}.log").open("ab") as journal:
            child = launch(name, settings, journal.fileno())
        started.append(time.time())
        if child:
            remember(name, child.pid)
            code = child.wait()
        else:
            code = 203
        remember(name, 0)
        policy = settings.get("Restart", ["no"])[-1]
        if stopping or policy == "no" or (policy == "on-failure" and code == 0):
            break
        time.sleep(float(settings.get("RestartSec", ["0.1"])[-1].rstrip("s")))
    (STATE / f"{name}.json").unlink()
    os._exit(0)


def launch(name: str, settings: Settings, journal: int) -> "subprocess.Popen[bytes] | None":
    """Start the main process, after ExecStartPre; None if that cannot be done."""
    try:
        for before in settings.get("ExecStartPre", []):
            subprocess.run(shlex.split(before.lstrip("-@:+!")), stdout=journal, stderr=journal, check=False)
        return subprocess.Popen(
            command(name), stdin=subprocess.DEVNULL, stdout=journal, stderr=journal, env=environment(settings), cwd="/"
        )
    except (OSError, KeyError, IndexError) as error:
        os.write(journal, f"{name}.service: Failed to execute: {error!r}\n".encode())
        return None


def remember(name: str, pid: int) -> None:
    """Say who runs the unit."""
    scratch = STATE / f"{name}.json.new"
    scratch.write_text(json.dumps({"runner": os.getpid(), "main": pid, "since": time.time()}))
    scratch.rename(STATE / f"{name}.json")


def recall(name: str) -> dict[str, float]:
    """What the runner last said, empty if the unit does not run."""
    try:
        found: dict[str, float] = json.loads((STATE / f"{name}.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


def runner(name: str) -> int:
    """The pid of a unit's runner, 0 if there is none."""
    pid = int(recall(name).get("runner", 0))
    return pid if pid and Path(f"/proc/{pid}").exists() else 0


def main_pid(name: str) -> int:
    """The pid of a unit's main process, 0 if it does not run."""
    pid = int(recall(name).get("main", 0)) if runner(name) else 0
    return pid if pid and Path(f"/proc/{pid}").exists() else 0


def journalctl(arguments: list[str]) -> int:
    """Print the journals of the units named by `-u`, or of all; times and filters are passed over."""
    parser = argparse.ArgumentParser(prog="journalctl")
    parser.add_argument("-u", "--unit", action="append", default=[])
    parser.add_argument("-n", "--lines", type=int, default=0)
    parser.add_argument("-f", "--follow", action="store_true")
    options, _ = parser.parse_known_args(arguments)
    names = [name.removesuffix(".service") for name in options.unit]
    names = names or sorted(path.stem for path in JOURNAL.glob("*.log"))
    for name in names:
        for line in lines(name, options.lines):
            print(line)
    if options.follow:
        sys.stdout.flush()
        os.execvp("tail", ["tail", "-n0", "-F", *(str(JOURNAL / f"{name}.log") for name in names)])
    return 0


def lines(name: str, count: int) -> list[str]:
    """The last lines (all if 0) of a unit's journal as journalctl prints them: klog's own time serves as the time."""
    try:
        raw = (JOURNAL / f"{name}.log").read_text(errors="replace").splitlines()
    except OSError:
        return []
    host = os.uname().nodename
    latest = time.strftime("%b %d %H:%M:%S")
    found = []
    for line in raw[-count:]:
        stamp = re.match(r"[IWEF](\d\d)(\d\d) (\d\d:\d\d:\d\d)", line)
        if stamp:
            latest = f"{MONTHS[int(stamp[1]) - 1]} {stamp[2]} {stamp[3]}"
        found.append(f"{latest} {host} {name}[{main_pid(name)}]: {line}")
    return found


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def fail(text: str, code: int = 1) -> int:
    """Print an error and return its exit code."""
    print(text, file=sys.stderr)
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv))
