"""Secrets that are written out in a text: an address, a connection string, SQL, a header, the parameters of a function.

One list of patterns serves all who ask: what refuses a source, what masks a text, and the schema by which Prefect's server
refuses a form before it stores it. A `${NAME}` is no secret: it stands for one.
"""

import re
from urllib.parse import unquote

MASK = "***"
PLACEHOLDER = r"\$\{[A-Za-z_]\w*\}"
SOMETHING = rf"(?:{PLACEHOLDER})*(?!{PLACEHOLDER})"
"""Before a character of a value: whatever comes, it is not only placeholders."""

STRONG = (
    r"(?:[\w-]*(?:password|passwd|passphrase|pwd|secret|token|jwt|signature|credentials?|authorization)"
    r"|(?:[\w-]*[_-])?pass|[\w-]*(?:api|access|account|subscription|shared|private|client|license|auth|app|master|storage|signing)[_-]?key(?:[_-]?id)?"
    r"|key_id|connection_?string|cookie)"
)
"""Names of what is a secret wherever it is given a value."""
WEAK = r"(?:key|auth|code|sig|sas|hmac|session(?:[_-]?id)?|pin|otp)"
"""Names of what is a secret in an address; a column of a table may be called so."""
ASSIGNED = r"['\"\]]*\s*(?:=>|:=|=|:)\s*"
SCHEME = rf"(?:(?:bearer|basic|token)\s+)?(?!(?:bearer|basic|token)\s+{PLACEHOLDER})"
"""What a header may say before its secret."""

PATTERNS = (
    # scheme://user:password@host; a port is none
    rf"(?i)(\w://[^\s'\"@/\[]*:)(?!\d+(?:[/?#\s'\"]|$))({SOMETHING}[^\s'\"@][^\s'\"]*(?=@)|{SOMETHING}[^\s'\"@](?=@))",
    # the same where the address is all of the text, and the password has whatever it likes in it
    rf"(?i)^(\s*[a-z][\w+.-]*://[^@/\[]*:)(?!\d+(?:[/?#\s]|$))((?:(?:{PLACEHOLDER})+(?!{PLACEHOLDER})[^@]|(?!{PLACEHOLDER})[\s\S])[\s\S]*(?=@))",
    # https://TOKEN@host
    rf"(?i)(\b(?:https?|ftps?)://)({SOMETHING}[^\s'\"@/:?#][^\s'\"@/:?#]*)(?=@)",
    # ?key=..., and what comes after a # for no server to see
    rf"(?i)([?&;#](?:amp;)?(?:{STRONG}|{WEAK})=)({SOMETHING}[^\s'\"&#][^\s'\"&#]*)",
    rf"(?i)(\bhttps?://[^\s'\"#]*#(?!(?:[\w.-]+=)?{PLACEHOLDER}(?:[\s'\"&]|$)))({SOMETHING}[^\s'\"][^\s'\"]*)",
    # password='...', PASSWORD '...', "password": "...", password=''...''
    rf"(?i)((?<![\w.-]){STRONG}(?:{ASSIGNED}|\s+)''(?!'))({SOMETHING}[^'][\s\S]*?)(?=''|$)",
    rf"(?i)((?<![\w.-]){STRONG}(?:{ASSIGNED}|\s+)\"\"(?!\"))({SOMETHING}[^\"][\s\S]*?)(?=\"\"|$)",
    rf"(?i)((?<![\w.-]){STRONG}(?:{ASSIGNED}|\s+)E?'{SCHEME})({SOMETHING}(?:[^'\\]|''|\\[\s\S])+)",
    rf"(?i)((?<![\w.-]){STRONG}(?:{ASSIGNED}|\s+)\"{SCHEME})({SOMETHING}(?:[^\"\\]|\\[\s\S])+)",
    # password=..., Authorization: Bearer ...
    rf"(?i)((?<![\w.-]){STRONG}{ASSIGNED}{SCHEME})({SOMETHING}[^\s'\",;)&][^\s'\",;)&]*)",
    rf"(?i)(\bbearer\s+)({SOMETHING}[\w.~+/=-]{{8}}[\w.~+/=-]*)",
)
"""Each finds what stands before a secret, and the secret. They are as Python, and JSON Schema in Python, read them."""

_compiled = tuple(re.compile(pattern) for pattern in PATTERNS)


def secret_in(text: str) -> bool:
    """Whether a secret is written out in a text, plainly or in the spelling of an address."""
    return any(pattern.search(spelling) for spelling in {text, unquote(text)} for pattern in _compiled)


def masked(text: str) -> str:
    """`text` with a mask over every secret that is written out in it; a `${NAME}` stays."""
    for pattern in _compiled:
        text = pattern.sub(lambda found: found[0] if found[2].startswith(MASK) else found[1] + MASK, text)
    return text


def telling(name: str) -> bool:
    """Whether what has this name (a header, a parameter) is a secret."""
    return bool(re.fullmatch(rf"(?i){STRONG}|{WEAK}|x-api-key|proxy-authorization", name.strip()))
