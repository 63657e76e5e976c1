"""A kubeconfig user's ``exec`` section: a program that prints the credential.

Source of the protocol: kubernetes.io "client-go credential plugins". The kubernetes package runs such a program without
a time limit and swallows its failure, so it is run here, and only its answer is handed on.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msdoctor.collect.errors import ConfigurationError
from msdoctor.collect.redact import prose

PLUGIN_SECONDS = 15.0


def run_plugin(
    where: str, plugin: Any, folder: Path, cluster: Mapping[str, Any], environ: Mapping[str, str], seconds: float
) -> dict[str, str]:
    """The credential as keys of a kubeconfig user: ``token``, or ``client-certificate-data`` and ``client-key-data``.

    ``where`` names the user in messages; ``folder`` is the kubeconfig's, for a command with a relative path. The
    program has no terminal. Raises ConfigurationError with its command, exit code and last words.
    """
    if not isinstance(plugin, dict) or not isinstance(plugin.get("command"), str) or not plugin.get("apiVersion"):
        raise ConfigurationError(f"{where}: exec has no command and apiVersion")
    command = [_command(plugin["command"], folder), *map(str, plugin.get("args") or ())]
    said = f"{where}: credential plugin `{prose(shlex.join(command))}`"
    if plugin.get("interactiveMode") == "Always":
        raise ConfigurationError(f"{said} needs a terminal; log in first, for instance with kubectl, and use its token")
    output = _output(command, _environment(plugin, cluster, environ), seconds, said, plugin.get("installHint"))
    return _credential(output, str(plugin["apiVersion"]), said)


def _command(command: str, folder: Path) -> str:
    return str(folder / command) if os.sep in command else command


def _environment(plugin: Mapping[str, Any], cluster: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    spec: dict[str, Any] = {"interactive": False}
    if plugin.get("provideClusterInfo"):
        spec["cluster"] = {key: value for key, value in cluster.items() if key != "extensions"}
        for extension in cluster.get("extensions") or ():
            if extension.get("name") == "client.authentication.k8s.io/exec":
                spec["cluster"]["config"] = extension.get("extension")
    info = {"apiVersion": plugin["apiVersion"], "kind": "ExecCredential", "spec": spec}
    own = {str(item["name"]): str(item["value"]) for item in plugin.get("env") or ()}
    return {**environ, **own, "KUBERNETES_EXEC_INFO": json.dumps(info)}


def _output(command: list[str], environ: dict[str, str], seconds: float, said: str, hint: str | None) -> bytes:
    try:
        process = subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # so that whatever it started can be ended with it
        )
    except OSError as error:
        advice = f"; {' '.join(hint.split())}" if hint else ""
        raise ConfigurationError(f"{said} cannot be started: {error.strerror}{advice}") from None
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        errors = _end(process)
        raise ConfigurationError(f"{said} did not end within {seconds:.0f} s{_last_line(errors)}") from None
    except BaseException:
        _end(process)
        raise
    if process.returncode != 0:
        raise ConfigurationError(f"{said} failed with exit code {process.returncode}{_last_line(errors)}")
    return output


def _end(process: subprocess.Popen[bytes]) -> bytes:
    """End the program and all it started; what it had written to its error stream."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        return process.communicate(timeout=1)[1]
    except subprocess.TimeoutExpired as error:  # a descendant in a session of its own holds the pipe
        return error.stderr or b""


def _last_line(errors: bytes) -> str:
    lines = [line.strip() for line in errors.decode("utf-8", "replace").splitlines() if line.strip()]
    return f"; it said: {prose(lines[-1][:300])}" if lines else ""


def _credential(output: bytes, version: str, said: str) -> dict[str, str]:
    try:
        answer = json.loads(output)
    except ValueError:
        raise ConfigurationError(f"{said} did not print an ExecCredential in JSON") from None
    status = answer.get("status") if isinstance(answer, dict) else None
    if not isinstance(status, dict) or answer.get("kind") != "ExecCredential":
        raise ConfigurationError(f"{said} did not print an ExecCredential with a status")
    if answer.get("apiVersion") != version:
        raise ConfigurationError(f"{said} answered in {answer.get('apiVersion')}, the kubeconfig asks for {version}")
    credential: dict[str, str] = {}
    if status.get("token"):
        credential["token"] = str(status["token"])
    if status.get("clientCertificateData") and status.get("clientKeyData"):
        credential["client-certificate-data"] = _base64(status["clientCertificateData"])
        credential["client-key-data"] = _base64(status["clientKeyData"])
    if not credential:
        raise ConfigurationError(f"{said} printed neither a token nor a client certificate with its key")
    return credential


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
