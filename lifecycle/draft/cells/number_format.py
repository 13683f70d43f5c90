"""How numbers are written: the sign before the fraction, what parts the thousands, and all that people put around them."""

import re
from dataclasses import dataclass, field

from lifecycle.store.lake import literal

SPACES = "\u0020\u0009\u00a0\u2007\u2009\u202f"
"""Blanks that part thousands, or a number from its unit: plain, tabulator, no-break, figure, thin, narrow no-break."""
APOSTROPHES = "'\u2019"
MINUSES = "-\u2212\u2013\u2011"
"""Hyphen, minus sign, en dash, no-break hyphen."""
LIMITS = "<>\u2264\u2265"
SYNONYMS = {
    "$": "USD", "US$": "USD", "\u20ac": "EUR", "Euro": "EUR", "euro": "EUR", "\u00a3": "GBP", "\u00a5": "JPY", "\u20b9": "INR", "Rs": "INR", "Rs.": "INR",
    "\u20bd": "RUB", "\u20a9": "KRW", "\u20ba": "TRY", "\u20aa": "ILS", "\u0e3f": "THB", "\u20b4": "UAH", "\u20b1": "PHP", "z\u0142": "PLN", "K\u010d": "CZK", "R$": "BRL", "Fr.": "CHF",
    "SFr.": "CHF", "A$": "AUD", "C$": "CAD", "kr": "kr", "kr.": "kr", "Ft": "HUF",
}  # fmt: skip
"""Signs and words of money, and the code that they stand for."""
CURRENCIES = frozenset({
    *SYNONYMS.values(), "AED", "ARS", "BGN", "CLP", "CNY", "COP", "DKK", "EGP", "HKD", "HRK", "IDR", "ISK", "KES", "MAD", "MXN", "MYR", "NGN", "NOK",
    "NZD", "PEN", "PKR", "QAR", "RON", "SAR", "SEK", "SGD", "TWD", "VND", "ZAR",
})  # fmt: skip
UNITS = frozenset({
    "%", "\u2030", "ppm", "ppb", "kg", "g", "mg", "\u00b5g", "\u03bcg", "ug", "ng", "t", "lb", "lbs", "oz", "km", "m", "cm", "mm", "mi", "miles", "ft", "in", "yd",
    "\"", "l", "L", "ml", "mL", "dl", "dL", "cl", "gal", "m2", "m\u00b2", "m3", "m\u00b3", "km2", "km\u00b2", "ha", "sqft", "sqm", "h", "hr", "hrs", "min", "mins", "s", "sec",
    "secs", "ms", "d", "days", "day", "yrs", "years", "\u00b0", "\u00b0C", "\u00b0F", "C", "F", "K", "W", "kW", "MW", "kWh", "MWh", "Wh", "V", "mV", "A", "mA", "Hz", "kHz", "MHz",
    "GHz", "bar", "mbar", "Pa", "hPa", "kPa", "psi", "mmHg", "kB", "KB", "MB", "GB", "TB", "kbps", "Mbps", "km/h", "kmh", "mph", "m/s", "kn", "bpm", "rpm", "hp", "PS",
    "mg/dl", "mg/dL", "mmol/l", "mmol/L", "g/dl", "g/dL", "mg/l", "mg/L", "\u00b5mol/L", "mU/L", "U/L", "IU/L", "x", "pcs", "pc", "Stk", "Stk.", "St.", "dB", "px", "cc", "kcal",
    "cal", "J", "kJ", "k", "M", "bn", "mn", "Mio", "Mio.", "Mrd", "Mrd.", "Tsd.", "pts", "pt", "bps", "pa", "p.a.",
})  # fmt: skip
"""Units that may stand right behind a number; others need a blank between."""
_MINUS = "\\" + MINUSES  # inside of brackets a hyphen is a range
_UNIT = rf"[^\d\s.,()+<>=\[\]{{}}|;:!?#*_{_MINUS}{APOSTROPHES}{LIMITS}{SPACES}][^\d\s,()+<>=\[\]{{}}|;:!?#*_{_MINUS}{APOSTROPHES}{LIMITS}{SPACES}]{{0,7}}(?:(?<=m)[23])?"
NUMBER = re.compile(
    rf"""(?P<outer>{_UNIT}[{SPACES}]*(?=\())?(?P<open>\([{SPACES}]*)?(?P<limit>[{LIMITS}]=?[{SPACES}]*)?(?P<sign>[+{_MINUS}][{SPACES}]*)?(?P<before>{_UNIT}[{SPACES}]*)?
    (?P<inner>[+{_MINUS}][{SPACES}]*)?(?P<body>\d(?:[\d.,{APOSTROPHES}{SPACES}]*\d)?\.?|[.,]\d+)(?P<exponent>[eE][+-]?\d+)?
    (?P<gap>[{SPACES}]*)(?P<after>{_UNIT})?(?P<trailing>[{SPACES}]*[{_MINUS}])?(?P<close>[{SPACES}]*\))?""",
    re.VERBOSE,
)
_GROUPED = "[1-9]\\d{{0,2}}(?:[{0}]\\d{{3}})+|[1-9]\\d?(?:[{0}]\\d{{2}})+[{0}]\\d{{3}}"
_OTHERS = SPACES + APOSTROPHES
READS = {
    decimal: re.compile(rf"(?:\d+|{_GROUPED.format(thousands + _OTHERS)})(?:[{decimal}]\d*)?|[{decimal}]\d+")
    for decimal, thousands in ((".", ","), (",", "."))
}
"""By the sign before the fraction: the bodies of numbers that can be read so. No group of thousands begins with a zero."""


@dataclass(frozen=True)
class Written:
    """One cell taken apart.

    Attributes:
        decimals: the signs before a fraction, `.` or `,`, with which it can be read.
        body: its digits with what parts them.
        unit: as it stands there, before or behind the digits; empty: none.
        spaced: whether a blank parts the unit from the number.
        limit: `<` or the like before it, of a value that lies beyond what could be measured.
        negative: how it is said to be negative: `-` before it, `()` around it, `x-` behind it; empty: it is not.
        typographic: whether its minus is another sign than the keyboard's.
    """

    decimals: frozenset[str]
    body: str
    unit: str = ""
    spaced: bool = False
    before: bool = False
    limit: str = ""
    negative: str = ""
    typographic: bool = False

    @property
    def parted(self) -> bool:
        """Whether it can be read both ways, as two different numbers."""
        return len(self.decimals) == 2 and ("." in self.body or "," in self.body)

    def value(self, decimal: str) -> str:
        """The number, read with a sign before the fraction, for a person."""
        thousands = "," if decimal == "." else "."
        plain = re.sub(f"[{re.escape(thousands + _OTHERS)}]", "", self.body).replace(decimal, ".")
        return ("-" if self.negative else "") + plain


def taken_apart(text: str) -> Written | None:
    """A text as a number with what stands around it; `None` where it is none."""
    found = NUMBER.fullmatch(text)
    if found is None or bool(found["open"]) != bool(found["close"]):
        return None
    signs = [found[name].strip(SPACES) for name in ("sign", "inner", "trailing") if found[name]]
    before, after = (found["outer"] or found["before"] or "").strip(SPACES), found["after"] or ""
    if len(signs) > 1 or (before and after) or (found["outer"] and found["before"]) or (found["open"] and "+" in signs):
        return None
    decimals = frozenset(decimal for decimal, reads in READS.items() if reads.fullmatch(found["body"]))
    if not decimals:
        return None
    minus = [sign for sign in signs if sign != "+"]
    negative = "()" if found["open"] else ("x-" if found["trailing"] else "-") if minus else ""
    spaced = bool(found["gap"]) or (found["before"] or "") != before
    limit = (found["limit"] or "").strip(SPACES)
    return Written(decimals, found["body"], before or after, spaced, bool(before), limit, negative, any(sign != "-" for sign in minus))


@dataclass(frozen=True)
class NumberFormat:
    """How the numbers of one column are written.

    Attributes:
        decimal: the sign before the fraction.
        thousands: signs that part the thousands, of `.,`, apostrophes and blanks.
        units: what stands before or behind the number, each as it is written.
        negatives: as in `Written.negative`.
        typographic: whether a minus may be another sign than the keyboard's.
        limits: whether `<` or the like comes before some.
        blanks: whether blanks stand inside of a cell.
    """

    decimal: str = "."
    thousands: str = ""
    units: tuple[str, ...] = ()
    negatives: frozenset[str] = frozenset()
    typographic: bool = False
    limits: bool = False
    blanks: bool = False

    def sql(self, text: str) -> str:
        """SQL that makes a plain number of a cell; what is written in another way stays as it is."""
        thousands = "".join(sign for sign in self.thousands if sign in ".,")
        if apostrophes := "".join(sign for sign in APOSTROPHES if sign in self.thousands):
            text = f"translate({text}, {_characters(apostrophes)}, '')"
        if self.units:
            text = f"regexp_replace({text}, {literal(any_of(self.units))}, '')"
        if self.blanks:
            text = f"regexp_replace({text}, {literal(_BLANKS)}, '', 'g')"
        if self.typographic:
            text = f"translate({text}, {_characters(MINUSES[1:])}, '---')"
        if self.limits:
            text = f"regexp_replace({text}, '^[<>]=?|^[' || chr(8804) || chr(8805) || ']', '')"
        if "()" in self.negatives:
            text = rf"regexp_replace({text}, '^\((.+)\)$', '-\1')"
        if "x-" in self.negatives:
            text = f"regexp_replace({text}, '^([^-]+)-$', '-\\1')"
        if self.decimal == ",":
            pattern = r"[+-]?(\d+|[1-9]\d{0,2}(\.\d{3})+)?(,\d*)?([eE][+-]?\d+)?" if "." in thousands else r"[+-]?\d*,\d*([eE][+-]?\d+)?"
            plain = f"replace(replace({text}, '.', ''), ',', '.')" if "." in thousands else f"replace({text}, ',', '.')"
            return f"CASE WHEN regexp_full_match({text}, {literal(pattern)}) THEN {plain} ELSE {text} END"
        if "," in thousands:
            pattern = r"[+-]?[1-9]\d{0,2}(,\d{2,3})*,\d{3}(\.\d*)?"
            return f"CASE WHEN regexp_full_match({text}, {literal(pattern)}) THEN replace({text}, ',', '') ELSE {text} END"
        return text

    def said(self) -> list[str]:
        """How it is written, as clauses."""
        parts = {",": "commas", ".": "dots", "'": "apostrophes"}
        between = [parts[sign] for sign in ".,'" if sign in self.thousands or (sign == "'" and APOSTROPHES[1] in self.thousands)]
        between += ["blanks"] if any(sign in self.thousands for sign in SPACES) else []
        found = ["with a decimal comma"] * (self.decimal == ",") + [f"with {' and '.join(between)} between thousands"] * bool(between)
        found += ["in per cent" if self.units == ("%",) else f"in {' or '.join(self.units)}"] * bool(self.units)
        negative = {"()": "with negative ones in parentheses", "x-": "with the minus behind the number"}
        found += [negative[each] for each in sorted(self.negatives) if each in negative]
        return ["written " + ", ".join(found)] if found else []


@dataclass
class NumberEvidence:
    """What the cells of a column say of how its numbers are written; counted in cells.

    Attributes:
        total: cells with a value.
        numbers: those that are a number with at most a unit around it.
        only: cells that can be read with one sign before the fraction alone, by that sign.
        both: cells that can be read both ways, and what the first of them is.
    """

    total: int = 0
    numbers: int = 0
    only: dict[str, int] = field(default_factory=lambda: {".": 0, ",": 0})
    both: int = 0
    example: Written | None = None
    written: list[tuple[Written, int]] = field(default_factory=list)
    units: dict[str, int] = field(default_factory=dict)

    @property
    def own(self) -> str:
        """The sign before the fraction that the column's own cells prove; empty where none does, or they contradict each other."""
        proven = [sign for sign, count in self.only.items() if count]
        return proven[0] if len(proven) == 1 else ""

    def fractions(self, decimal: str) -> bool:
        """Whether some numbers, read with a sign before the fraction, have one."""
        return any(decimal in written.body and decimal in written.decimals for written, _ in self.written)

    def format(self, decimal: str) -> NumberFormat:
        """The format of all cells that are numbers, read with a sign before the fraction."""
        thousands = "," if decimal == "." else "."
        signs = {sign for written, _ in self.written for sign in written.body}
        grouped = any(thousands in written.body and decimal in written.decimals for written, _ in self.written)
        seen = "".join(sign for sign in (*APOSTROPHES, *SPACES) if sign in signs) + thousands * grouped
        fraction = any(decimal in written.body for written, _ in self.written)
        units = tuple(sorted({written.unit for written, _ in self.written if written.unit}, key=lambda unit: -len(unit)))
        return NumberFormat(
            decimal if decimal == "." or fraction or grouped else ".",
            seen,
            units,
            frozenset(written.negative for written, _ in self.written if written.negative not in ("", "-")),
            any(written.typographic for written, _ in self.written),
            any(written.limit for written, _ in self.written),
            any(sign in signs for sign in SPACES) or any(written.spaced for written, _ in self.written),
        )


def evidence(values: list[tuple[str, int]]) -> NumberEvidence:
    """What texts, each with how often it comes, say of how numbers are written."""
    found = NumberEvidence()
    for text, count in values:
        found.total += count
        if (written := taken_apart(text)) is None:
            continue
        found.written.append((written, count))
        found.units[written.unit] = found.units.get(written.unit, 0) + count
    _without_codes(found)
    for written, count in found.written:
        if len(written.decimals) == 1:
            found.only[next(iter(written.decimals))] += count
        elif written.parted:
            found.both += count
            found.example = found.example or written
    found.numbers = sum(count for _, count in found.written)
    return found


def joined(first: NumberEvidence, second: NumberEvidence) -> NumberEvidence:
    """The evidence of both."""
    return NumberEvidence(
        first.total,
        first.numbers,
        {sign: first.only[sign] + second.only[sign] for sign in first.only},
        first.both + second.both,
        first.example or second.example,
        first.written + second.written,
        {unit: first.units.get(unit, 0) + second.units.get(unit, 0) for unit in {**first.units, **second.units}},
    )


MAX_UNITS = 8
"""Units of one column; of more they are parts of codes."""
MOST_LIMITED = 0.5
"""The share of numbers that may lie beyond a limit; of more, they are names of ranges."""


def _without_codes(found: NumberEvidence) -> None:
    """Drop the cells whose letters are no unit: the `B` of `12B`, the `R` of `R0001`."""
    spaced = {written.unit for written, _ in found.written if written.spaced and not written.before}
    known = {unit for unit in found.units if not unit or unit in UNITS or SYNONYMS.get(unit, unit) in CURRENCIES or unit in spaced}
    before = {written.unit for written, _ in found.written if written.before}
    known -= {unit for unit in before if unit and SYNONYMS.get(unit, unit) not in CURRENCIES}
    single = {unit for unit in known if unit.isalpha() and len(unit) == 1 and unit not in spaced}
    if len(single) > 2:  # one letter behind each number, and many of them: seats, flats, sizes
        known -= single
    if len(known) > MAX_UNITS:
        known = {""}
    found.written = [(written, count) for written, count in found.written if written.unit in known]
    limited = sum(count for written, count in found.written if written.limit)
    if limited > MOST_LIMITED * sum(count for _, count in found.written):  # '<=50K' beside '>50K': the names of two classes
        found.written = [(written, count) for written, count in found.written if not written.limit]
    found.units = {unit: count for unit, count in found.units.items() if unit in known}


_BLANKS = r"[\s\x{00a0}\x{2007}\x{2009}\x{202f}]"


def any_of(units: tuple[str, ...]) -> str:
    """A regular expression for any of some units, the longest first."""
    return "|".join(re.sub(r"([\\.+*?()|\[\]{}^$/])", r"\\\1", unit) for unit in units)


def _characters(signs: str) -> str:
    """SQL for a text of signs, by their numbers where they are beyond ASCII."""
    return " || ".join(literal(sign) if sign.isascii() else f"chr({ord(sign)})" for sign in signs)
