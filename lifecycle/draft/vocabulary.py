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
COUNTED = frozenset({
    "amount", "price", "cost", "charge", "charges", "fee", "fare", "count", "quantity", "qty", "age", "tenure", "duration", "distance", "salary",
    "income", "hours", "minutes", "seconds", "secs", "days", "months", "years", "size", "length", "width", "height", "weight", "area", "volume",
    "population", "visits", "clicks", "orders", "items", "number", "num", "passengers",
})  # fmt: skip
SHARES = frozenset({"share", "ratio", "rate", "probability", "prob", "fraction", "proportion", "pct"})
COUNTED_WHEN = frozenset(
    {"timestamp", "datetime", "time", "date", "created", "when", "at", "on", "epoch", "unixtime", "unix", "ts", "day", "dt", "updated", "modified"}
)
"""Words in names of numbers that count seconds or days since a beginning."""
SECONDS = frozenset({"time", "seconds", "secs", "timestamp", "epoch", "unixtime", "unix", "ts"})
