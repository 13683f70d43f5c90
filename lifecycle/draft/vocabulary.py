"""Words in the names of columns that hint at what they hold."""

PROTECTED = frozenset({
    "sex", "gender", "race", "ethnicity", "ethnic", "religion", "religious", "nationality", "citizenship", "disability", "disabled", "caste",
    "orientation", "pregnant", "pregnancy", "geschlecht", "sexe", "genre", "sexo", "genero",
})  # fmt: skip
PROTECTED_VALUES = (
    frozenset({"male", "female", "m", "f", "man", "woman", "other", "unknown", "nonbinary", "non-binary", "divers", "diverse"}),
    frozenset({"white", "black", "asian", "hispanic", "african-american", "caucasian", "native american", "other", "asian-pac-islander",
               "amer-indian-eskimo", "latino", "mixed", "african american"}),
)  # fmt: skip
IDENTIFYING = frozenset(
    {"id", "uuid", "guid", "key", "identifier", "no", "nr", "number", "num", "index", "rowid", "rownumber", "serial", "idx", "ref", "reference"}
)
TELLS_APART = frozenset({"id", "uuid", "guid", "identifier", "rowid", "rownumber", "serial", "imei", "iban", "vin", "barcode", "hash", "token"})
NUMBERED = ("number", "no", "nr", "num", "id", "key", "ref", "reference", "index", "idx")
"""Words that tell things apart where a name ends in one, and nearly every row has its own."""
WHOSE = frozenset({
    "customer", "patient", "user", "client", "account", "card", "person", "member", "subject", "household", "employee", "student", "device",
    "machine", "terminal", "merchant", "vendor", "session", "unit", "vehicle", "driver", "policy", "patientid", "userid", "customerid", "subjectid",
    "accountid", "clientid", "memberid",
})  # fmt: skip
WHEN = (
    "timestamp",
    "datetime",
    "time",
    "date",
    "day",
    "created",
    "when",
    "at",
    "event",
    "order",
    "transaction",
    "purchase",
    "pickup",
    "start",
    "month",
)
NOT_WHEN = frozenset(
    {"birth", "dob", "birthday", "born", "expiry", "expires", "expiration", "due", "valid", "end", "closed", "updated", "modified", "last"}
)
CODED = frozenset(
    {
        "code",
        "type",
        "class",
        "category",
        "zip",
        "zipcode",
        "postcode",
        "postal",
        "plz",
        "id",
        "region",
        "segment",
        "group",
        "cluster",
        "grade",
        "kind",
    }
)
AFTER = frozenset({
    "duration", "outcome", "result", "reason", "resolution", "resolved", "refund", "refunded", "cancel", "cancelled", "canceled", "cancellation",
    "closed", "settled", "settlement", "recovered", "recovery", "recoveries", "collection", "collections", "chargeback", "chargebacks", "final",
    "actual", "discharge", "death", "died", "payout", "terminated", "termination", "exit", "retained", "winback",
})  # fmt: skip
"""Words of names for what is often known only after the outcome."""
BEFORE = frozenset({
    "lag", "lagged", "previous", "prev", "prior", "yesterday", "last", "before", "baseline", "initial", "past", "former", "history", "historical",
    "planned", "scheduled", "expected", "forecast", "requested", "test", "lab", "blood", "ecg", "scan",
})  # fmt: skip
"""Words of names for what was known before the row: it may tell much of the target, and honestly."""
PLANNED = frozenset({
    "due", "expiry", "expires", "expiration", "expire", "valid", "until", "planned", "plan", "scheduled", "schedule", "appointment", "departure",
    "departs", "promised", "deadline", "expected", "estimated", "estimate", "eta", "maturity", "renewal", "reserved", "reservation", "checkin",
    "checkout", "booked", "requested", "wanted", "target", "arrival", "travel", "flight", "stay", "forecast", "event",
    "contract", "lease", "subscription", "policy", "warranty", "term", "validity",
})  # fmt: skip
"""Words of names for moments that are known before they come."""
ANY_TARGET = frozenset({"target", "label", "class", "value", "score", "amount", "price", "flag"})
"""Words of a target's name that say nothing of it: a column that has one too is not named after it."""
COUNTED = frozenset({
    "amount", "price", "cost", "charge", "charges", "fee", "fare", "count", "quantity", "qty", "age", "tenure", "duration", "distance", "salary",
    "income", "hours", "minutes", "seconds", "secs", "days", "months", "years", "size", "length", "width", "height", "weight", "area", "volume",
    "population", "visits", "clicks", "orders", "items", "number", "num", "passengers",
})  # fmt: skip
MEASURED = COUNTED - {"number", "num"} | {
    "metres", "meters", "km", "kilometres", "kilometers", "miles", "feet", "cents", "grams", "kg", "bytes", "ms", "mm", "cm", "euros", "dollars", "usd",
    "eur", "watts", "kwh", "revenue", "turnover", "balance", "budget", "sales", "mileage", "odometer", "steps", "views", "total", "sum", "payment",
    "loan", "debt", "assets", "rent", "altitude", "elevation", "pressure", "power", "energy", "speed", "weight",
}  # fmt: skip
"""Words of names for what is measured, however many values it has."""
SHARES = frozenset({"share", "ratio", "rate", "probability", "prob", "fraction", "proportion", "pct"})
COUNTED_WHEN = frozenset(
    {"timestamp", "datetime", "time", "date", "created", "when", "at", "on", "epoch", "unixtime", "unix", "ts", "day", "dt", "updated", "modified"}
)
"""Words in names of numbers that count seconds or days since a beginning."""
SECONDS = frozenset({"time", "seconds", "secs", "timestamp", "epoch", "unixtime", "unix", "ts"})
