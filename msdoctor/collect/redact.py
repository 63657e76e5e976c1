"""Secrets taken out of a document before anything keeps it.

Pure and idempotent, so that a bundle that was saved and one that was just taken hold the same bytes. JSON stays valid
JSON, a YAML file keeps its lines, and of a private key the public half remains, so that a pair can still be judged.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import yaml

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
        "tlsbootstraptoken",
        "certificatekey",
        "dockerconfigjson",
    }
)
_SECRET_WORDS = r"(?:token|passw(?:or)?d|passphrase|secret|credentials?|bearer|jwt|api_?key|private_?key|access_?key)"
_SECRET_NAME = re.compile(rf"(?i){_SECRET_WORDS}|(?:^|_)(?:keys?|pass|auth)(?:_|$)|_pwd$")
_NAMES_A_PLACE = re.compile(r"(?i)(?:file|path|dir)s?$")

_PEM_KEY = re.compile(
    r"-----BEGIN (?P<label>(?:[A-Z0-9]+ )*PRIVATE KEY)-----(?P<body>.*?)-----END (?P=label)-----", re.DOTALL
)
_PEM_KEY_CUT = re.compile(
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----"
    r"(?:\s|\\[nrt]|[A-Za-z0-9+/=]{16,}|[A-Za-z0-9+/]*={1,2}|(?:Proc-Type|DEK-Info):[^\n\\]*)*"
)
_PEM_KEY_TAIL = re.compile(
    r"(?:(?:[A-Za-z0-9+/]{16,}={0,2}|[A-Za-z0-9+/]+={0,2}(?=(?:\s|\\[nr])*-----END))(?:\s|\\[nr])*)*"
    r"-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----"
)
_BASE64_PEM = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]{16,}={0,2}")
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*")
_BEARER = re.compile(
    r"(?i)(\bbearer(?:\s|%20|\\[nrt])+)(?!token\b|tokens\b|auth|realm|header|credential)([A-Za-z0-9._~+/=-]{6,})"
)
_AUTHORIZATION = re.compile(r"(?i)(\b(?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?\w+\s+)([^\s\"',\]}]+)")
_BASIC = re.compile(r"(?i)(\bbasic\s+)([A-Za-z0-9+/]{4,}={0,2})")
_BOOTSTRAP = re.compile(r"(?<![\w.-])[a-z0-9]{6}\.(?=[a-z0-9]*[g-z])[a-z0-9]{16}(?![\w-])")
_USERINFO = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/?#\s\"'<>]*@")
_QUERY = re.compile(rf"(?i)([?&][\w.-]*{_SECRET_WORDS}[\w.-]*=)[^&\s\"']+")
_FLAG_NAME = r"--?(?:[A-Za-z0-9]+[-_.])*(?:token|password|passwd|passphrase|secret|api-key|secret-key|access-key)"
_FLAG = re.compile(rf"(?<![\w-])({_FLAG_NAME}(?:=|[ \t]+(?!-)))(\"[^\"]*\"|'[^']*'|[^\s\"',\]]+)")
_FLAG_ALONE = re.compile(rf"^{_FLAG_NAME}$")
_QUOTED_PAIR = re.compile(
    r"(?P<key>(?P<mark>\\?[\"'])(?P<name>[\w.-]+)(?P=mark)\s*:\s*)(?P<quote>\\?\")(?P<value>(?:[^\"\\]|\\[^\"])*)(?P=quote)"
)
_ASSIGNMENT = re.compile(
    r"(?P<open>[\"']?)(?<![\w.-])(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s\"',;]+)(?P<rest>[^\"'\n]*)",
    re.DOTALL,
)
_PAIR = re.compile(
    r"(?P<key>(?<![\w.-])(?P<name>[A-Za-z][\w-]*)[\"']?:[ \t]+)"
    r"(?P<value>\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s\"'{\[|>&*!,}\]][^\n,}]*)"
)
_LIKE_A_SECRET = re.compile(r"(?=.*\d)[^\s:]{8,}$|[^\s:]{20,}$")
_MAYBE = re.compile(
    r"(?i)token|passw|passphrase|secret|credential|bearer|basic |authori[sz]ation|jwt|key|eyJ|LS0tLS1|@|pass=|_pwd|auth"
    r"|[a-z0-9]{6}\.[a-z0-9]{16}"
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
    if not _MAYBE.search(text):
        return text
    text = _by_form(text)
    text = _ASSIGNMENT.sub(_assignment_in_prose, text)
    return _PAIR.sub(_pair_in_prose, text)


def structured(text: str) -> str:
    """A file's text (YAML, JSON, a unit, environment, PEM) without its credentials; lines stay where they are."""
    if not _MAYBE.search(text):
        return text
    text = _yaml(text)
    text = _by_form(text)
    text = _ASSIGNMENT.sub(_assignment, text)
    return _PAIR.sub(_pair, text)


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
        hide = isinstance(item, str) and _FLAG_ALONE.match(item) is not None


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


def _is_secret_key(key: str) -> bool:
    """A key of a configuration file, or one written like an environment variable, that holds a secret."""
    plain = key.replace("-", "").replace("_", "").replace(".", "").lower()
    return plain in _SECRET_KEYS or (key == key.upper() and _is_secret_variable(key))


def _is_secret_variable(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _is_named_secret(name: Any, value: Any) -> bool:
    return isinstance(name, str) and isinstance(value, str) and _is_secret_variable(name) and not _is_place(name, value)


def _is_place(name: str, value: str) -> bool:
    """``TOKEN_FILE=/etc/token`` says where a secret is, not what it is."""
    return _NAMES_A_PLACE.search(name) is not None and value.strip("\"'").startswith("/")


def _hidden(value: str) -> str:
    """What stands for a secret: the mark, or the public half where it is a private key in base64."""
    public = _public_of_base64(value.strip())
    return public if public is not None else MARK


# Text


def _by_form(text: str) -> str:
    text = _PEM_KEY.sub(_public_half, text)
    text = _PEM_KEY_CUT.sub(f"{MARK} (a private key, cut short)", text)
    text = _PEM_KEY_TAIL.sub(f"{MARK} (a private key, cut short)", text)
    text = _BASE64_PEM.sub(lambda match: _public_of_base64(match[0]) or match[0], text)
    text = _JWT.sub(MARK, text)
    text = _AUTHORIZATION.sub(rf"\g<1>{MARK}", text)
    text = _BEARER.sub(rf"\g<1>{MARK}", text)
    text = _BASIC.sub(_basic, text)
    text = _BOOTSTRAP.sub(MARK, text)
    text = _USERINFO.sub(rf"\g<1>{MARK}@", text)
    text = _QUERY.sub(rf"\g<1>{MARK}", text)
    text = _FLAG.sub(rf"\g<1>{MARK}", text)
    return _QUOTED_PAIR.sub(_quoted_pair, text)


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


def _assignment(match: re.Match[str]) -> str:
    """``NAME=value``: in an environment file an unquoted value reaches to the end of its line."""
    if not _is_secret_variable(match["name"]) or _is_place(match["name"], match["value"]):
        return match[0]
    starts_line = match.string[: match.start()].rpartition("\n")[2].strip() in ("", "export")
    whole_quoted = match["open"] and not match["value"].startswith(("'", '"'))
    rest = "" if starts_line or whole_quoted else match["rest"]
    return f"{match['open']}{match['name']}={MARK}{rest}"


def _assignment_in_prose(match: re.Match[str]) -> str:
    """In a log ``key="kube-system/x"`` names an object, so only plainer words count, and names in capitals."""
    name = match["name"]
    if name == name.upper() or re.search(rf"(?i){_SECRET_WORDS}$", name):
        return _assignment(match)
    return match[0]


def _pair(match: re.Match[str]) -> str:
    return f"{match['key']}{_quoted_mark(match)}" if _is_secret_key(match["name"]) else match[0]


def _pair_in_prose(match: re.Match[str]) -> str:
    """``password: x`` is a secret; ``cannot get token: connection refused`` is a message."""
    if not _is_secret_key(match["name"]):
        return match[0]
    value = match["value"].strip("\"'")
    certain = match["name"].lower() in ("password", "passwd") or _LIKE_A_SECRET.match(value)
    return f"{match['key']}{_quoted_mark(match)}" if certain else match[0]


def _quoted_mark(match: re.Match[str]) -> str:
    value = match["value"]
    return f'"{_hidden(value.strip(chr(34) + chr(39)))}"'


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
        hide = scalar and _FLAG_ALONE.match(item.value) is not None
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
        return f"{MARK}\n".encode()
    return structured(text).encode()


def _binary(body: bytes) -> bytes:
    """A certificate in DER stays; a key in DER leaves its public half; of anything else only the size is told."""
    from cryptography import x509

    try:
        x509.load_der_x509_certificate(body)
    except ValueError:
        return (_public_of(body, pem=False) or f"{MARK} (binary, {len(body)} bytes)\n").encode()
    return body


# Private keys


def _public_half(match: re.Match[str]) -> str:
    """A PEM private key as its public half, indented and its lines ended as the key was."""
    text = match[0]
    newline = "\\n" if "\\n" in text and "\n" not in text else "\n"
    indent = re.search(r"[ \t]*$", match.string[: match.start()].rpartition("\n")[2])
    plain = "\n".join(line.strip() for line in text.replace("\\r", "").replace("\\n", "\n").splitlines())
    public = _public_of(plain.encode(), pem=True)
    if public is None:
        what = "encrypted" if "ENCRYPTED" in plain else "that cannot be read"
        return f"{MARK} (a private key, {what})"
    return f"{newline}{indent[0] if indent and newline != chr(92) + 'n' else ''}".join(public.strip().splitlines())


def _public_of_base64(text: str) -> str | None:
    """The public half, in base64, of text that is a private key in base64; None for any other text."""
    if not text.startswith("LS0tLS1CRUdJTi"):
        return None
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
    if "PRIVATE KEY" not in decoded:
        return None
    return base64.b64encode((_by_form(decoded).strip() + "\n").encode()).decode()


def _public_of(key: bytes, *, pem: bool) -> str | None:
    """The public half of a private key, PEM; None where it is encrypted, broken or no key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    load: Callable[..., Any] = serialization.load_pem_private_key if pem else serialization.load_der_private_key
    if pem and b"OPENSSH" in key[:64]:
        load = serialization.load_ssh_private_key
    try:
        public = load(key, password=None).public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return str(public.public_bytes(serialization.Encoding.PEM, form).decode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
