"""Secrets taken out of a document before anything keeps it.

Pure and idempotent, so that a bundle that was saved and one that was just taken hold the same bytes. JSON stays valid
JSON, a YAML file keeps its lines, and of a private key the public half remains, so that a pair can still be judged.
"""

from __future__ import annotations

import base64
import binascii
import re
import string
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

import msgspec
import yaml
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from msdoctor.bundle import Context, Document, Kind, Reason, Refusal

MARK = "[redacted]"

# Bulk that no check reads, and that repeats whole objects, their environment values included.
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_SECRET_KEYS = frozenset(
    {
        "token",
        "bearertoken",
        "password",
        "passwd",
        "passphrase",
        "secret",
        "clientkeydata",
        "clientsecret",
        "idtoken",
        "refreshtoken",
        "accesstoken",
        "identitytoken",
        "registrytoken",
        "secretkey",
        "privatekey",
        "apikey",
        "auth",
        "agenttoken",
        "etcds3accesskey",
        "etcds3secretkey",
        "vpnauth",
        "tlsbootstraptoken",
        "certificatekey",
        "dockerconfigjson",
    }
)
_WORDS = r"(?:token|passw(?:or)?d|passphrase|secret|credentials?|bearer|jwt|api_?key|private_?key|access_?key)"
_SECRET_NAME = re.compile(rf"(?i){_WORDS}|(?:^|_)(?:keys?|pass|auth)(?:_|$)|_pwd$")
_NAMES_A_PLACE = re.compile(r"(?i)(?:file|path|dir)s?$")

# Each pattern takes time in proportion to the text, whatever the text: none repeats a repetition, and each starts
# only where a word starts. Matching holds Python's lock, so a slow one would hold the whole look beyond its deadline.
_PEM_MARKER = re.compile(r"-----(BEGIN|END) ((?:[A-Z0-9]+ )*PRIVATE KEY)-----")
_PEM_ANY = "-----BEGIN "
_BASE64_AND_SPACE = string.ascii_letters + string.digits + "+/=\\" + string.whitespace
_BASE64_PEM = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]{16,}={0,2}")
# What is public and in base64, whose letters may spell anything, with padding that looks like an assignment.
_PUBLIC = re.compile(
    r"-----BEGIN (?P<what>[A-Z0-9 ]+)-----[A-Za-z0-9+/\\\s]*+={0,2}+[\\nr\s]*+-----END (?P=what)-----"
    r"|LS0tLS1CRUdJTi[A-Za-z0-9+/]+={0,2}"
)
_DOTTED = re.compile(r"[A-Za-z0-9_.-]{20,}")
_BEARER = re.compile(
    r"(?i)(\bbearer(?:\s|%20|\\[nrt])+)(?!token\b|tokens\b|auth|realm|header|credential)([A-Za-z0-9._~+/=-]{6,})"
)
_AUTHORIZATION = re.compile(r"(?i)(\bauthorization[\"']?\s*[:=]\s*[\"']?\w+\s+)(\[redacted\]|[^\s\"',\]}]+)")
_BASIC = re.compile(r"(?i)(\bbasic\s+)([A-Za-z0-9+/]{4,}={0,2})")
# As bootstrap tokens are made, but not the labels of a longer host name.
_BOOTSTRAP = re.compile(r"(?<![\w.-])[a-z0-9]{6}\.(?=[a-z0-9]*[g-z])[a-z0-9]{16}(?![\w-]|\.[a-z])")
_USERINFO = re.compile(r"(?<=[A-Za-z0-9+.-])://[^/?#\s\"'<>]*@")
_QUERY = re.compile(r"([?&])([\w.-]+)=([^&\s\"']+)")
_FLAG = re.compile(r"(?<![\w-])(--?[A-Za-z0-9][\w.-]*)(=|[ \t]+(?!-))(\[redacted\]|\"[^\"]*\"|'[^']*'|[^\s\"',\]]+)")
_SECRET_FLAG = re.compile(
    r"(?i)^--?(?:.*[-_.])?(?:token|password|passwd|passphrase|secret|api-key|secret-key|access-key)$"
)
_QUOTED_PAIR = re.compile(
    r"(?P<key>(?P<mark>\\?[\"'])(?P<name>[\w.-]+)(?P=mark)\s*:\s*)(?P<quote>\\?\")(?P<value>(?:[^\"\\]|\\[^\"])*)(?P=quote)"
)
_LINE_ASSIGNMENT = re.compile(r"(?m)^([ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)=)(.+)$")
_QUOTED_ASSIGNMENT = re.compile(r"([\"'])([A-Za-z_]\w*)=([^\"']*)\1")
_ASSIGNED = re.compile(r"(?<![\w.-])([A-Za-z_]\w*)=")
_PAIRED = re.compile(r"(?<![\w.-])([A-Za-z][\w-]*)[\"']?:[ \t]+")
_ASSIGNED_VALUE = re.compile(r"\[redacted\]|\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s\"',;]+", re.DOTALL)
_PAIRED_WORD = re.compile(r"\[redacted\]|\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s\"'{\[|>&*!,}\]][^\s,}]*")
_PAIRED_VALUE = re.compile(r"\[redacted\]|\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s\"'{\[|>&*!,}\]][^\n,}]*")
_LIKE_A_SECRET = re.compile(r"(?=.*\d)[^\s:]{8,}$|[^\s:]{20,}$")
_QUOTES = "\"'"
_SIGNS = (
    *("token", "passw", "passphrase", "secret", "credential", "bearer", "basic", "authori", "jwt", "key", "auth"),
    *("eyj", "ls0tls1", "pass=", "pass_", "_pwd"),
)
_SECRET_FILE = re.compile(r"(?i)token|passw|htpasswd|netrc|credential|secret")
_STRUCTURED_FILE = re.compile(r"(?i)\.(ya?ml|json|conf|kubeconfig|service|env|pem|crt|cert|cer|key|toml)$")


def redact(document: Document) -> Document:
    """The document without its secrets, its JSON indented; a body that is not what its kind says is refused."""
    if document.refusal is not None:
        return replace(document, refusal=replace(document.refusal, detail=prose(document.refusal.detail)))
    body = document.body or b""
    kind = document.place.kind
    if kind is Kind.LOG:
        return replace(document, body=prose(body.decode("utf-8", "replace")).encode())
    if kind is Kind.FILE:
        return replace(document, body=_file(document.place.path, body))
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        start = prose(body[:200].decode("utf-8", "replace")).strip()
        refusal = Refusal(Reason.MALFORMED, f"not JSON: {start}" if start else "an empty answer")
        return replace(document, body=None, refusal=refusal)
    value = _process(value) if kind is Kind.PROCESS else _value(value)
    return replace(document, body=msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")


def redact_context(context: Context) -> Context:
    """The context without a user and password in the server's URL."""
    return replace(context, server=prose(context.server))


def prose(text: str) -> str:
    """Running text (a log, a message) without anything that is a credential by its own form."""
    if not _may_hold_a_secret(text):
        return text
    text = _by_form(text)
    text = _cut(text, _ASSIGNED, _is_plainly_secret, _ASSIGNED_VALUE, _assigned)
    return _cut(text, _PAIRED, _is_secret_key, _PAIRED_WORD, _paired_in_prose)


def structured(text: str) -> str:
    """A file's text (YAML, JSON, a unit, environment, PEM) without its credentials; lines stay where they are."""
    if not _may_hold_a_secret(text):
        return text
    text = _yaml(text)
    text = _by_form(text)
    text = _QUOTED_ASSIGNMENT.sub(_quoted_assignment, text)
    text = _sub(_LINE_ASSIGNMENT, _line_assignment, text)
    text = _cut(text, _ASSIGNED, _is_secret_variable, _ASSIGNED_VALUE, _assigned)
    return _cut(text, _PAIRED, _is_secret_key, _PAIRED_VALUE, _paired)


def _may_hold_a_secret(text: str) -> bool:
    """Whether any pattern could match: most strings of a large list hold no such word, and are done with."""
    lower = text.lower()
    for sign in _SIGNS:  # a plain loop: a generator costs as much again, a hundred thousand times over
        if sign in lower:
            return True
    return ("@" in text and "://" in text) or ("." in text and _BOOTSTRAP.search(text) is not None)


# JSON


def _value(value: Any, secret: bool = False) -> Any:
    """A JSON value; ``secret`` says that the object is a Secret though it does not say so itself, as in a list."""
    if isinstance(value, str):
        return structured(value) if "\n" in value else prose(value)
    if isinstance(value, list):
        return [_value(item, secret) for item in _after_flags(value)]
    if not isinstance(value, dict):
        return value
    kind = value.get("kind")
    if kind == "SecretList":
        return {key: _value(item, key == "items") for key, item in value.items()}
    is_secret = secret or kind == "Secret"
    hidden_value = _is_named_secret(value.get("name"), value.get("value"))
    return {key: _entry(key, item, is_secret, hidden_value) for key, item in value.items() if not _is_bulk(key, item)}


def _entry(key: str, item: Any, is_secret: bool, hidden_value: bool) -> Any:
    if is_secret and key in ("data", "stringData") and isinstance(item, dict):
        return dict.fromkeys(item, MARK)
    if hidden_value and key == "value":
        return MARK
    if isinstance(item, str) and item and _is_secret_key(key):
        return _hidden(item)
    return _value(item)


def _is_bulk(key: str, item: Any) -> bool:
    return (key == "managedFields" and isinstance(item, list)) or key == LAST_APPLIED


def _after_flags(items: list[Any]) -> Iterator[Any]:
    """Arguments, with the value hidden that follows a flag such as ``--token`` in an argument of its own."""
    hide = False
    for item in items:
        yield MARK if hide and isinstance(item, str) and not item.startswith("-") else item
        hide = isinstance(item, str) and item.startswith("-") and _SECRET_FLAG.match(item) is not None


def _process(processes: Any) -> Any:
    """Of a process's environment only proxies keep their values: they are what a diagnosis needs."""
    processes = _value(processes)
    for process in processes if isinstance(processes, list) else ():
        environ = process.get("environ") if isinstance(process, dict) else None
        if isinstance(environ, dict):
            process["environ"] = {
                name: value if name.upper().endswith("_PROXY") else MARK for name, value in environ.items()
            }
    return processes


# Names


@lru_cache(4096)
def _is_secret_key(key: str) -> bool:
    """A key of a configuration file, or one written like an environment variable, that holds a secret."""
    plain = key.replace("-", "").replace("_", "").replace(".", "").lower()
    return plain in _SECRET_KEYS or (key == key.upper() and _is_secret_variable(key))


@lru_cache(4096)
def _is_secret_variable(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _is_named_secret(name: Any, value: Any) -> bool:
    return isinstance(name, str) and isinstance(value, str) and _is_secret_variable(name) and not _is_place(name, value)


def _is_place(name: str, value: str) -> bool:
    """``TOKEN_FILE=/etc/token`` says where a secret is, not what it is."""
    return _NAMES_A_PLACE.search(name) is not None and value.strip(_QUOTES).startswith("/") and "=" not in value


def _hidden(value: str) -> str:
    """What stands for a secret: the mark, or the public half where it is a private key in base64."""
    public = _public_of_base64(value.strip())
    return public if public is not None else MARK


# Text


def _by_form(text: str) -> str:
    """Text without what shows by its own form that it is a credential."""
    text = _without_private_keys(text)
    text = _BASE64_PEM.sub(lambda match: _public_of_base64(match[0]) or match[0], text)
    text = _DOTTED.sub(_jwt, text)
    text = _AUTHORIZATION.sub(rf"\g<1>{MARK}", text)
    text = _sub(_BEARER, lambda match: f"{match[1]}{MARK}", text)
    text = _sub(_BASIC, _basic, text)
    text = _BOOTSTRAP.sub(MARK, text)
    text = _USERINFO.sub(f"://{MARK}@", text)
    text = _QUERY.sub(lambda match: f"{match[1]}{match[2]}={MARK}" if _is_secret_variable(match[2]) else match[0], text)
    text = _FLAG.sub(lambda match: f"{match[1]}{match[2]}{MARK}" if _SECRET_FLAG.match(match[1]) else match[0], text)
    return _QUOTED_PAIR.sub(_quoted_pair, text)


def _sub(pattern: re.Pattern[str], put: Callable[[re.Match[str]], str], text: str) -> str:
    """Text with each match replaced by what ``put`` makes of it, but for those within what is public."""
    is_public = _public(text)
    return pattern.sub(lambda match: match[0] if is_public(match) else put(match), text)


def _cut(
    text: str,
    head: re.Pattern[str],
    is_secret: Callable[[str], bool],
    value: re.Pattern[str],
    put: Callable[[str, str], str],
) -> str:
    """Text with each value whose head names a secret replaced by what ``put`` makes of name and value."""
    is_public = _public(text)
    parts: list[str] = []
    done = 0
    for match in head.finditer(text):
        if match.start() < done or not is_secret(match[1]) or is_public(match):
            continue
        found = value.match(text, match.end())
        replacement = put(match[1], found[0]) if found else ""
        if found and replacement != found[0]:
            parts += [text[done : found.start()], replacement]
            done = found.end()
    return "".join([*parts, text[done:]])


def _public(text: str) -> Callable[[re.Match[str]], bool]:
    """Tells of a match in the text whether its first group, which names a secret, ends within what is public."""
    spans = [match.span() for match in _PUBLIC.finditer(text)]
    begins = [begin for begin, _ in spans]

    def is_public(match: re.Match[str]) -> bool:
        last = match.end(1) - 1
        before = bisect_right(begins, last)
        return before > 0 and last < spans[before - 1][1]

    return is_public


def _jwt(match: re.Match[str]) -> str:
    token = match[0]
    start = token.find("eyJ")  # `{"` in base64, with which a header begins
    return token[:start] + MARK if start >= 0 and "." in token[start + 11 :] else token


def _basic(match: re.Match[str]) -> str:
    """``Basic`` is also an English word: only what decodes to ``user:password`` is a credential."""
    try:
        decoded = base64.b64decode(match[2], validate=True)
    except (binascii.Error, ValueError):
        return match[0]
    return f"{match[1]}{MARK}" if b":" in decoded else match[0]


def _quoted_pair(match: re.Match[str]) -> str:
    if not match["value"] or not _is_secret_key(match["name"]):
        return match[0]
    return f"{match['key']}{match['quote']}{_hidden(match['value'])}{match['quote']}"


def _quoted_assignment(match: re.Match[str]) -> str:
    hide = _is_secret_variable(match[2]) and not _is_place(match[2], match[3])
    return f"{match[1]}{match[2]}={MARK}{match[1]}" if hide else match[0]


def _line_assignment(match: re.Match[str]) -> str:
    """In an environment file an unquoted value reaches to the end of its line."""
    quoted = match[3].startswith(("'", '"', MARK))
    hide = not quoted and _is_secret_variable(match[2]) and not _is_place(match[2], match[3])
    return f"{match[1]}{MARK}" if hide else match[0]


def _assigned(name: str, value: str) -> str:
    return value if _is_place(name, value) else MARK


def _is_plainly_secret(name: str) -> bool:
    """In a log ``key="kube-system/x"`` names an object, so only plainer words count, and names in capitals."""
    return _is_secret_variable(name) and (name == name.upper() or re.search(rf"(?i){_WORDS}$", name) is not None)


def _paired(name: str, value: str) -> str:  # noqa: ARG001
    return f'"{_hidden(value.strip(_QUOTES))}"'


def _paired_in_prose(name: str, value: str) -> str:
    """``password: x`` is a secret; ``cannot get token: connection refused`` is a message."""
    certain = name.lower() in ("password", "passwd") or _LIKE_A_SECRET.match(value.strip(_QUOTES))
    return _paired(name, value) if certain else value


# YAML


def _yaml(text: str) -> str:
    """Secrets of a YAML text cut out where the parser found them; text that is not YAML is returned as it is."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        spans = [span for node in yaml.compose_all(text, Loader=loader) for span in _spans(node, set())]
    except (yaml.YAMLError, RecursionError, ValueError):
        return text
    for start, end, put in sorted(spans, reverse=True):
        # As many line ends as before, so that every later line keeps its number.
        text = text[:start] + f'"{put}"' + "\n" * text[start:end].count("\n") + text[end:]
    return text


def _spans(node: yaml.Node | None, seen: set[int]) -> Iterator[tuple[int, int, str]]:
    """(start, end, replacement) of each scalar that is a secret."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        yield from _spans_of_list(node, seen)
    elif isinstance(node, yaml.MappingNode):
        yield from _spans_of_mapping(node, seen)


def _spans_of_list(node: yaml.SequenceNode, seen: set[int]) -> Iterator[tuple[int, int, str]]:
    hide = False
    for item in node.value:
        scalar = isinstance(item, yaml.ScalarNode)
        if hide and scalar and not item.value.startswith("-"):
            yield _span(item)
        hide = scalar and _SECRET_FLAG.match(item.value) is not None
        yield from _spans(item, seen)


def _spans_of_mapping(node: yaml.MappingNode, seen: set[int]) -> Iterator[tuple[int, int, str]]:
    texts = {
        key.value: value.value
        for key, value in node.value
        if isinstance(key, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode)
    }
    is_secret = texts.get("kind") == "Secret"
    hidden_value = _is_named_secret(texts.get("name"), texts.get("value"))
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        if isinstance(value, yaml.ScalarNode):
            if value.value and ((hidden_value and name == "value") or _is_secret_key(name)):
                yield _span(value)
        elif is_secret and name in ("data", "stringData") and isinstance(value, yaml.MappingNode):
            yield from (_span(item) for _, item in value.value if isinstance(item, yaml.ScalarNode) and item.value)
        else:
            yield from _spans(value, seen)


def _span(node: yaml.ScalarNode) -> tuple[int, int, str]:
    return node.start_mark.index, node.end_mark.index, _hidden(node.value)


# Files


def _file(path: str, body: bytes) -> bytes:
    name = path.rpartition("/")[2]
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return _binary(body)
    if "\0" in text:
        return _binary(body)
    if _SECRET_FILE.search(name) and not _STRUCTURED_FILE.search(name) and text.strip():
        return (_claims(text) or f"{MARK}\n").encode()
    return structured(text).encode()


def _binary(body: bytes) -> bytes:
    """A certificate in DER stays; a key in DER leaves its public half; of anything else only the size is told."""
    try:
        x509.load_der_x509_certificate(body)
    except ValueError:
        return (_public_of(body, pem=False) or f"{MARK} (binary, {len(body)} bytes)\n").encode()
    return body


# ServiceAccount tokens


_CLAIMS = ("iss", "aud", "sub", "iat", "nbf", "exp", "kubernetes.io")


def _claims(text: str) -> str:
    """What a ServiceAccount's token says of itself, which without its signature admits nobody; empty for other text."""
    parts = text.strip().split(".")
    try:
        encoded = parts[1] if len(parts) == 3 else ""
        said = msgspec.json.decode(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)) if encoded else text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return ""
    if not isinstance(said, dict) or not isinstance(said.get("kubernetes.io"), dict):
        return ""
    kept = _value({name: said[name] for name in _CLAIMS if name in said})
    return msgspec.json.format(msgspec.json.encode(kept), indent=1).decode() + "\n"


# Private keys


def _without_private_keys(text: str) -> str:
    """Text with each PEM private key as its public half, and what is left of one that was cut as a mark."""
    parts: list[str] = []
    done = 0
    while marker := _PEM_MARKER.search(text, done):
        before = text[done : marker.start()]
        if marker[1] == "END":  # its beginning was cut off: a log that is read from its tail
            parts += [before.rstrip(_BASE64_AND_SPACE), f"\n{MARK} (a private key, cut short)"]
            done = marker.end()
            continue
        end = _PEM_MARKER.search(text, marker.end())
        if end and end.groups() == ("END", marker[2]):
            parts += [before, _public_half(text[marker.start() : end.end()], before)]
            done = end.end()
        else:
            following = text.find(_PEM_ANY, marker.end())
            parts += [before, f"{MARK} (a private key, cut short)\n"]
            done = len(text) if following < 0 else following
    return "".join([*parts, text[done:]])


def _public_half(key: str, before: str) -> str:
    """A PEM private key as its public half, indented and its lines ended as the key was."""
    escaped = "\\n" in key and "\n" not in key
    plain = "\n".join(line.strip() for line in key.replace("\\r", "").replace("\\n", "\n").splitlines())
    public = _public_of(plain.encode(), pem=True)
    if public is None:
        return f"{MARK} (a private key, {'encrypted' if 'ENCRYPTED' in plain else 'that cannot be read'})"
    line = before.rpartition("\n")[2]
    indent = line if line.isspace() else ""
    return ("\\n" if escaped else f"\n{indent}").join(public.strip().splitlines())


def _public_of_base64(text: str) -> str | None:
    """The public half, in base64, of text that is a private key in base64; None for any other text."""
    if not text.startswith("LS0tLS1CRUdJTi"):
        return None
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
    if "PRIVATE KEY" not in decoded:
        return text if "PUBLIC KEY" in decoded else None
    return base64.b64encode((_by_form(decoded).strip() + "\n").encode()).decode()


def _public_of(key: bytes, *, pem: bool) -> str | None:
    """The public half of a private key, PEM; None where it is encrypted, broken or no key."""
    load: Callable[..., Any] = serialization.load_pem_private_key if pem else serialization.load_der_private_key
    if pem and b"OPENSSH" in key[:64]:
        load = serialization.load_ssh_private_key
    try:
        public = load(key, password=None).public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return str(public.public_bytes(serialization.Encoding.PEM, form).decode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
