"""Dates for models, which take numbers: the parts of a moment that say something, for a definition's `features()`."""

import math

import polars as pl

EPOCH = pl.datetime(1970, 1, 1)


def parts(column: str, *, clock: bool = True) -> list[pl.Expr]:
    """The model inputs of a date or a moment, as expressions for `select`; null where the column is.

    >>> rows = pl.DataFrame({"signed": ["2026-03-07"]}).with_columns(pl.col("signed").str.to_date())
    >>> rows.select(parts("signed", clock=False)).row(0)[:4]
    (2026, 3, 7, 6)

    Args:
        column: the name of a Date or Datetime column.
        clock: whether its hour says something; of a Date it does not.

    Returns:
        `COLUMN_year`, `COLUMN_month`, `COLUMN_day`, `COLUMN_weekday` (Monday is 1), `COLUMN_days` (since 1970, with the part of
        the day: an age, counted from a day that stays where it is) and, for a linear model, to which December is far from
        January, `COLUMN_in_year` and `COLUMN_in_week` each as `..._sin` and `..._cos`; with `clock` also `COLUMN_hour` and
        `COLUMN_in_day_sin`, `..._cos`.
    """
    at = pl.col(column).cast(pl.Datetime("us"))
    day = at.dt.hour().cast(pl.Float64) / 24 + at.dt.minute().cast(pl.Float64) / 1440
    found = [
        at.dt.year().cast(pl.Int64).alias(f"{column}_year"),
        at.dt.month().cast(pl.Int64).alias(f"{column}_month"),
        at.dt.day().cast(pl.Int64).alias(f"{column}_day"),
        at.dt.weekday().cast(pl.Int64).alias(f"{column}_weekday"),
        ((at - EPOCH).dt.total_seconds().cast(pl.Float64) / 86_400).alias(f"{column}_days"),
        *_circle((at.dt.ordinal_day().cast(pl.Float64) - 1) / 365.25, f"{column}_in_year"),
        *_circle((at.dt.weekday().cast(pl.Float64) - 1) / 7, f"{column}_in_week"),
    ]
    if clock:
        found += [at.dt.hour().cast(pl.Int64).alias(f"{column}_hour"), *_circle(day, f"{column}_in_day")]
    return found


def _circle(turn: pl.Expr, name: str) -> list[pl.Expr]:
    """A share of a turn as a point on a circle: its end is beside its beginning."""
    return [(2 * math.pi * turn).sin().alias(f"{name}_sin"), (2 * math.pi * turn).cos().alias(f"{name}_cos")]
