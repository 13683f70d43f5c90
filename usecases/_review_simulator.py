"""A simulator: these reviews are made up. Short sentences are put together from parts, as people praise and complain.

A sentence says something of one or two things, with and without a negation ("not what I would call slow" is praise), with a turn ("the
room was fine, but ..."), by a person, in a place. Some people press the wrong button: a few labels are wrong, so nobody can be right about
all of them. The world can change: then the reviews are of a streaming service, in words that those of a restaurant do not have.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from lifecycle.errors import DefinitionError

NEGATIVE, NEUTRAL, POSITIVE = "negative", "neutral", "positive"
WRONG = 0.04
"""The share of labels that say the opposite."""
NEGATED, TURNED = 0.2, 0.12
"""Shares of sentences with a negation, and with a turn."""


@dataclass(frozen=True)
class World:
    """What the reviews are about, and in which words."""

    things: tuple[str, ...]
    good: tuple[str, ...]
    bad: tuple[str, ...]
    plain: tuple[str, ...]
    ends_well: tuple[str, ...]
    ends_badly: tuple[str, ...]
    ends: tuple[str, ...]


RESTAURANTS = World(
    things=("the soup", "the waiter", "the bread", "our table", "the kitchen", "the fish", "the coffee", "the wine list", "the dessert", "the bill",
            "the salad", "the music", "the pasta", "the terrace", "the breakfast"),
    good=("good", "great", "nice", "excellent", "the best in town", "delicious", "friendly", "fresh", "lovely", "worth the money", "a delight", "perfectly done",
          "generous", "charming", "better than at home", "outstanding"),
    bad=("bad", "terrible", "poor", "the worst in town", "stale", "rude", "overpriced", "awful", "burnt", "a disappointment", "disgusting",
         "cold and greasy", "dirty", "careless", "bland", "a rip-off"),
    plain=("from the region", "next to the door", "listed on the board", "the same as last month", "brought at noon", "for two people", "made with rice",
           "on the ground floor", "served until ten"),
    ends_well=("we will come again", "we loved it", "I would recommend it", "I like this place", "I tell everybody about it", "five stars from me",
               "I could stay all evening", "what a treat"),
    ends_badly=("never again", "we hated it", "I would not recommend it", "I do not like this place", "we will never come again",
                "I want my money back", "we left hungry", "avoid it", "one star is too many"),
    ends=("we had a reservation", "we took the tram", "we were four", "they close on Mondays", "it was a Thursday"),
)  # fmt: skip
STREAMING = World(
    things=("the app", "the search", "the subtitles", "the latest update", "the download", "the sign-in", "the catalogue", "the playback", "the support chat",
            "the subscription", "the trailer", "the parental lock"),
    good=("intuitive", "lightning fast", "rock solid", "crystal clear", "a joy to use", "brilliantly designed", "seamless", "great value"),
    bad=("buggy", "laggy", "full of adverts", "unusable", "always crashing", "broken since the patch", "a battery hog", "blurry"),
    plain=("in the settings menu", "limited to two devices", "available in six languages", "billed every month", "synced over the network", "version 4.2"),
    ends_well=("best purchase this year", "I binge every weekend", "the whole family is hooked", "subscribed at once"),
    ends_badly=("uninstalled it", "cancelled my plan", "waiting for a refund", "three hours in a queue with a bot"),
    ends=("tested on a tablet", "installed yesterday", "running on the television", "I use the yearly plan"),
)  # fmt: skip
WORLDS = {"restaurants": RESTAURANTS, "streaming": STREAMING}
NAMES = ("Anna", "Carlos", "Fatima", "Jin", "Olga", "Kwame", "Marie", "Yusuf")
PLACES = ("Berlin", "Lagos", "Osaka", "Lima", "Oslo", "Delhi", "Boston", "Lyon")
SAID_GOOD = (
    "{thing} was {good}",
    "{thing} was simply {good}",
    "I found {thing} {good}",
    "everybody agreed that {thing} was {good}",
    "{thing}: {good}!",
)
SAID_BAD = ("{thing} was {bad}", "{thing} was simply {bad}", "I found {thing} {bad}", "everybody agreed that {thing} was {bad}", "{thing}: {bad}!")
NOT_BAD = ("{thing} was not {bad} at all", "nobody could call {thing} {bad}", "{thing} was anything but {bad}", "{thing} is never {bad}")
NOT_GOOD = ("{thing} was not {good} at all", "nobody could call {thing} {good}", "{thing} was anything but {good}", "{thing} is never {good}")
SAID = ("{thing} was {plain}", "{thing} is {plain}", "as far as I know {thing} is {plain}")
SHORT_GOOD = ("I {really} loved {it}", "We {really} enjoyed {it}", "I am {really} happy with {it}", "{It} was {really} good", "{It} is {really} great",
              "Thank you for {it}", "I like {it}", "What a wonderful place", "Works for me, I love {it}", "It was a pleasure", "I recommend {it}")  # fmt: skip
SHORT_BAD = ("I {really} hated {it}", "We {really} regret {it}", "I am {really} unhappy with {it}", "{It} was {really} bad", "{It} is {really} terrible",
             "No thanks", "I do not like {it}", "What a horrible place", "It does not work for me", "It was a waste of time", "I cannot recommend {it}")  # fmt: skip
REALLY, IT = (
    ("really", "truly", "so", "very much", "quite", "absolutely"),
    ("it", "this", "this place", "my visit", "the evening", "every minute of it", "all of it"),
)
SHORT = 0.2
"""The share of sentences that say no more than whether somebody liked it."""
OPENINGS = (
    "",
    "",
    "",
    "{name} and I went together: ",
    "In {place} last week, ",
    "My friend {name} from {place} came along, ",
    "Well, ",
    "Honestly, ",
)


def reviews(rows: int = 2_400, classes: int = 2, world: str = "restaurants", first: int = 0, seed: int = 1) -> Iterator[pl.DataFrame]:
    """Made-up reviews with their sentiment.

    Args:
        rows: how many.
        classes: 2 (negative and positive), or 3 with neutral ones between.
        world: what they are about: `restaurants`, or `streaming`, which is what the world drifts to.
        first: the number of the first review, so that more can follow.
        seed: of everything random.

    Raises:
        DefinitionError: there is no such world, or another number of classes is asked for.
    """
    if world not in WORLDS:
        raise DefinitionError(f"the world of the reviews is one of {', '.join(WORLDS)}, found '{world}'")
    if classes not in (2, 3):
        raise DefinitionError(f"reviews are of 2 or 3 classes, found {classes}")
    random = np.random.default_rng([seed, first])
    truth = random.choice([NEGATIVE, POSITIVE, NEUTRAL][:classes], rows)
    texts = [_sentence(WORLDS[world], sentiment, random) for sentiment in truth]
    wrong = (random.random(rows) < WRONG) & (truth != NEUTRAL)
    told = np.where(wrong, np.where(truth == POSITIVE, NEGATIVE, POSITIVE), truth)
    yield pl.DataFrame({"id": [f"r{number:07}" for number in range(first, first + rows)], "text": texts, "sentiment": told.tolist()})


def _sentence(world: World, sentiment: str, random: np.random.Generator) -> str:
    """One review."""

    def filled(patterns: tuple[str, ...]) -> str:
        chosen = {"thing": world.things, "good": world.good, "bad": world.bad, "plain": world.plain, "name": NAMES, "place": PLACES}
        return str(random.choice(patterns)).format(**{name: random.choice(values) for name, values in chosen.items()})

    def short() -> str:
        it, really = str(random.choice(IT)), str(random.choice(REALLY))
        pattern = str(random.choice(SHORT_GOOD if sentiment == POSITIVE else SHORT_BAD))
        return pattern.format(it=it, It=it[:1].upper() + it[1:], really=really)

    def clause(good: bool) -> str:
        negated = random.random() < NEGATED
        return filled((NOT_BAD if good else NOT_GOOD) if negated else (SAID_GOOD if good else SAID_BAD))

    ends = {POSITIVE: world.ends_well, NEGATIVE: world.ends_badly, NEUTRAL: world.ends}[sentiment]
    if sentiment == NEUTRAL:
        parts = [filled(SAID), filled(SAID) if random.random() < 0.4 else ""]
    elif random.random() < SHORT:
        parts = [short()]
    elif random.random() < TURNED:
        parts = [f"{clause(sentiment != POSITIVE)}, but {clause(sentiment == POSITIVE)}"]
    else:
        parts = [clause(sentiment == POSITIVE), clause(sentiment == POSITIVE) if random.random() < 0.3 else ""]
    if random.random() < 0.35:
        parts.append(str(random.choice(ends)))
    opening = filled(OPENINGS)
    said = ". ".join(part[:1].upper() + part[1:] if at or not opening else part for at, part in enumerate(part.rstrip("!") for part in parts if part))
    return f"{opening}{said}{random.choice(['.', '.', '!', ''])}"
