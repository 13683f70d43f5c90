"""Sentiment: whether a text praises or complains, in two classes or three, as the data have them.

The reviews come from a simulator unless a file is given: `lifecycle run sentiment --source reviews.csv` reads the text and its label from it,
whatever their columns are called of what is usual (`text`, `sentence`, `review`, ...; `sentiment`, `label`, `score`, ...).
"""

import polars as pl

from lifecycle import Gate, Generated, HashSplit, Monitoring, Pairs, Tuning, UseCase, boosting, linear, read_as
from schemas.sentiment import Review
from usecases._review_simulator import reviews

TEXTS = ("text", "sentence", "review", "tweet", "comment", "phrase", "content", "message")
LABELS = ("sentiment", "label", "score", "polarity", "airline_sentiment", "target", "class")
SELECT = f"""
SELECT coalesce(id, md5(text)) AS id, text, CASE
    WHEN label IN ('negative', 'neg', '-1') OR (label = '0' AND NOT coalesce(signed, false)) THEN 'negative'
    WHEN label IN ('neutral', 'neu') OR label = '0' OR (label = '1' AND three AND NOT four) OR (label = '2' AND four) THEN 'neutral'
    WHEN label IN ('positive', 'pos', '1', '2', '4') THEN 'positive'
    ELSE label END AS sentiment
FROM (
    SELECT *, bool_or(label = '-1') OVER () AS signed, bool_or(label = '2') OVER () AS three, bool_or(label = '4') OVER () AS four
    FROM (
        SELECT id, coalesce({", ".join(TEXTS)}) AS text, lower(trim(coalesce({", ".join(LABELS)}))) AS label
        FROM (
            SELECT {", ".join(f"NULL::VARCHAR AS {name}" for name in ("id", *TEXTS, *LABELS))} WHERE false UNION ALL BY NAME SELECT * FROM rows
        )
    )
)
"""
"""What a file calls its columns and its classes (0 and 1; -1, 0 and 1; 0, 1 and 2; 0, 2 and 4), as we do. Other classes keep their names."""


def features(rows: pl.DataFrame) -> pl.DataFrame:
    """The text alone."""
    return rows.select("text")


def pairs(*texts: tuple[str, str]) -> tuple[tuple[dict[str, str], dict[str, str]], ...]:
    """Rows of which only the text is known."""
    return tuple(({"text": one}, {"text": other}) for one, other in texts)


NEGATIONS = pairs(
    ("The food was good.", "The food was not good."),
    ("I would recommend it.", "I would not recommend it."),
    ("The staff were friendly.", "The staff were not friendly."),
    ("It is worth the money.", "It is not worth the money."),
    ("I like this place.", "I do not like this place."),
    ("It works well.", "It does not work well."),
    ("This was a great evening.", "This was not a great evening."),
    ("We will come again.", "We will never come again."),
)
SENTENCES = (
    "{} said that the food was excellent.", "{} said that the food was terrible.", "I went with {} and we loved it.", "I went with {} and we hated it.",
    "In {} I had the best coffee of my life.", "In {} I had the worst coffee of my life.",
)  # fmt: skip
NAMES = (("Anna", "Mehmet"), ("Thomas", "Aisha"), ("Maria", "Hiroshi"), ("Paul", "Ngozi"), ("Berlin", "Nairobi"), ("Madrid", "Seoul"))
SWAPS = pairs(
    *(
        (sentence.format(one), sentence.format(other))
        for sentence in SENTENCES
        for one, other in (NAMES[4:] if sentence.startswith("In") else NAMES[:4])
    )
)

use_case = UseCase(
    name="sentiment",
    title="Does a text praise or complain?",
    problem="multiclass",
    metric="accuracy",
    schema=Review,
    source=Generated(reviews, deterministic=True, select=SELECT),
    features=features,
    split=HashSplit(),
    candidates=(
        read_as(linear(), "words"),
        read_as(linear(), "sentences"),
        read_as(linear(), "words", "sentences"),
        read_as(boosting(), "words", "sentences"),
    ),
    tuning=Tuning(trials=12),
    gate=Gate(rows=300),
    behaviours=(
        Pairs(name="a negation", pairs=NEGATIONS, same=False, least=0.7, severity="warn"),  # of long reviews alone none of these is learnt
        Pairs(name="another name or place", pairs=SWAPS, least=0.8, severity="warn"),
    ),
    monitoring=Monitoring(window=400),
    most_rows=100_000,  # of more texts a sample: their vectors have to stand in memory side by side
)
