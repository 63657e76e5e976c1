"""`systemctl` and `journalctl` of a lab machine, for the few verbs that remedies use; the name it is called by decides.

As with the real one, a changed unit file counts only after `daemon-reload`: start and restart use the copy of the unit that
was loaded last, and warn when the file differs. Each started unit has a runner process, which starts ExecStart
(arguments over several lines joined at their backslashes), starts it again as `Restart=` says, and appends its output to
the journal that `journalctl -u` prints. On stop only the main process is ended (KillMode=process), so that containers outlive
their containerd.

/run/lab/units/X.service   the unit as loaded        /run/lab/state/X.json   {"runner": pid, "main": pid, "since": time}
/run/lab/journal/X.log     its output
"""

import glob
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time

UNITS = "/etc/systemd/system"
LOADED = "/run/lab/units"
STATE = "/run/lab/state"
JOURNAL = "/run/lab/journal"

Settings = dict[str, list[str]]


def main(argv: list[str]) -> int:
    """Run as one of the two commands; returns the exit code."""
    for folder in (LOADED, STATE, JOURNAL):
        os.makedirs(folder, exist_ok=True)
    if os.path.basename(argv[0]) == "journalctl":
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
        return 0 if os.path.exists(f"{LOADED}/{name}.service") or load(name) else fail(f"Unit {name}.service not loaded.", 5)
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
    settings = parse(f"{LOADED}/{name}.service")
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
    there = os.path.exists(f"{UNITS}/{name}.service")
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
        with open(path) as file:
            print(f"# {path}\n{file.read()}")
    return 0 if sources(name) else fail(f"No files found for {name}.service.")


def show(name: str, _now: bool = False, _quiet: bool = False) -> int:
    """Print a few properties."""
    known = load(name)
    pid = main_pid(name)
    print(f"MainPID={pid}\nLoadState={'loaded' if known else 'not-found'}\nActiveState={'active' if pid else 'inactive'}")
    print(f"FragmentPath={UNITS}/{name}.service")
    if known:
        print(f"ExecStart={{ argv[]={' '.join(command(name))} }}")
    return 0


def list_units() -> int:
    """Print every unit file and whether it runs."""
    for path in sorted(glob.glob(f"{UNITS}/*.service")):
        name = os.path.basename(path).removesuffix(".service")
        print(f"{name}.service loaded {'active running' if main_pid(name) else 'inactive dead'}")
    return 0


def daemon_reload() -> int:
    """Load every unit file anew."""
    for path in glob.glob(f"{LOADED}/*.service"):
        os.unlink(path)
    for path in glob.glob(f"{UNITS}/*.service"):
        load(os.path.basename(path).removesuffix(".service"))
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


def sources(name: str) -> list[str]:
    """A unit's file and drop-ins, in the order in which they count."""
    paths = [f"{UNITS}/{name}.service", *sorted(glob.glob(f"{UNITS}/{name}.service.d/*.conf"))]
    return [path for path in paths if os.path.exists(path)]


def load(name: str) -> bool:
    """Keep a copy of a unit that is not loaded yet; False if there is no such unit."""
    text = ""
    for path in sources(name):
        with open(path) as file:
            text += file.read() + "\n"
    loaded = f"{LOADED}/{name}.service"
    if not os.path.exists(loaded):
        if not text:
            return False
        with open(loaded, "w") as file:
            file.write(text)
    with open(loaded) as file:
        if file.read() != text:
            print(
                f"Warning: The unit file, source configuration file or drop-ins of {name}.service changed on disk."
                " Run 'systemctl daemon-reload' to reload units.",
                file=sys.stderr,
            )
    return True


def parse(path: str) -> Settings:
    """Settings of a unit by name, all sections together; an empty assignment forgets the earlier ones."""
    with open(path) as file:
        text = re.sub(r"\\\n", " ", file.read())
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
    return shlex.split(parse(f"{LOADED}/{name}.service")["ExecStart"][-1].lstrip("-@:+!"))


def environment(settings: Settings) -> dict[str, str]:
    """Environment= and EnvironmentFile= of a unit on top of this process's own."""
    found = dict(os.environ)
    for text in settings.get("EnvironmentFile", []):
        path = text.lstrip("-")
        if os.path.exists(path):
            with open(path) as file:
                for line in file:
                    key, equals, value = line.strip().partition("=")
                    if equals and not key.startswith("#"):
                        found[key] = value.strip("\"'")
    for text in settings.get("Environment", []):
        for word in shlex.split(text):
            key, _, value = word.partition("=")
            found[key] = value
    return found


def run(name: str) -> None:
    """Be the runner of a unit; never returns."""
    stopping = False
    child: subprocess.Popen[bytes] | None = None

    def end(_number: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True
        if child:
            child.terminate()

    signal.signal(signal.SIGTERM, end)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    started: list[float] = []
    while not stopping:
        settings = parse(f"{LOADED}/{name}.service")
        with open(f"{JOURNAL}/{name}.log", "ab") as journal:
            child = launch(name, settings, journal.fileno())
        started.append(time.time())
        if child:
            remember(name, child.pid)
            code = wait(child, float(settings.get("TimeoutStopSec", ["10"])[-1].rstrip("s")), lambda: stopping)
        else:
            code = 203
        remember(name, 0)
        policy = settings.get("Restart", ["no"])[-1]
        if stopping or policy == "no" or (policy == "on-failure" and code == 0):
            break
        time.sleep(float(settings.get("RestartSec", ["0.1"])[-1].rstrip("s")))
    os.unlink(f"{STATE}/{name}.json")
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


def wait(child: "subprocess.Popen[bytes]", patience: float, stopping: "object") -> int:
    """Wait for the main process; once the unit is being stopped only as long as TimeoutStopSec."""
    asked = 0.0
    while True:
        try:
            return child.wait(0.2 if not asked else 0.02)
        except subprocess.TimeoutExpired:
            if callable(stopping) and stopping():
                asked = asked or time.time()
                if time.time() - asked > patience:
                    child.kill()


def remember(name: str, pid: int) -> None:
    """Say who runs the unit."""
    scratch = f"{STATE}/{name}.json.new"
    with open(scratch, "w") as file:
        json.dump({"runner": os.getpid(), "main": pid, "since": time.time()}, file)
    os.rename(scratch, f"{STATE}/{name}.json")


def recall(name: str) -> dict[str, float]:
    """What the runner last said, empty if the unit does not run."""
    try:
        with open(f"{STATE}/{name}.json") as file:
            found: dict[str, float] = json.load(file)
            return found
    except (OSError, ValueError):
        return {}


def runner(name: str) -> int:
    """The pid of a unit's runner, 0 if there is none."""
    pid = int(recall(name).get("runner", 0))
    return pid if pid and os.path.exists(f"/proc/{pid}") else 0


def main_pid(name: str) -> int:
    """The pid of a unit's main process, 0 if it does not run."""
    pid = int(recall(name).get("main", 0)) if runner(name) else 0
    return pid if pid and os.path.exists(f"/proc/{pid}") else 0


def journalctl(arguments: list[str]) -> int:
    """Print the journals of the units named by `-u`, or of all."""
    names: list[str] = []
    count = 0
    follow = False
    words = iter(arguments)
    for word in words:
        if word in ("-u", "--unit"):
            names.append(next(words, "").removesuffix(".service"))
        elif word.startswith("-u") or word.startswith("--unit="):
            names.append(re.sub(r"^(-u|--unit=)", "", word).removesuffix(".service"))
        elif word in ("-n", "--lines"):
            count = int(next(words, "10"))
        elif re.match(r"(-n|--lines=)\d+$", word):
            count = int(re.sub(r"\D", "", word))
        elif word in ("-f", "--follow"):
            follow = True
        elif word in ("-S", "--since", "-U", "--until", "-o", "--output", "-g", "--grep", "-p"):
            next(words, "")
    names = names or sorted(os.path.basename(path).removesuffix(".log") for path in glob.glob(f"{JOURNAL}/*.log"))
    for name in names:
        for line in lines(name, count):
            print(line)
    if follow:
        sys.stdout.flush()
        os.execvp("tail", ["tail", "-n0", "-F", *(f"{JOURNAL}/{name}.log" for name in names)])
    return 0


def lines(name: str, count: int) -> list[str]:
    """The last lines (all if 0) of a unit's journal as journalctl prints them: klog's own time serves as the time."""
    try:
        with open(f"{JOURNAL}/{name}.log", errors="replace") as file:
            raw = file.read().splitlines()
    except OSError:
        return []
    host = os.uname().nodename
    latest = time.strftime("%b %d %H:%M:%S")
    found = []
    for line in raw[-count:] if count else raw:
        stamp = re.match(r"[IWEF](\d\d)(\d\d) (\d\d:\d\d:\d\d)", line)
        if stamp:
            latest = f"{MONTHS[int(stamp[1]) - 1]} {stamp[2]} {stamp[3]}"
        found.append(f"{latest} {host} {name}[{main_pid(name)}]: {line}")
    return found


MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def fail(text: str, code: int = 1) -> int:
    """Print an error and return its exit code."""
    print(text, file=sys.stderr)
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv))
