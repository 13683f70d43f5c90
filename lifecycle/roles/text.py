"""Free text: a model reads its words, and where a family asks for it, its sentences."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lifecycle import extras
from lifecycle.role import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import polars as pl
    from sklearn.base import BaseEstimator

    from lifecycle.artifact import Artifact
    from lifecycle.draft.columns import ColumnProfile
    from lifecycle.kind import Kind
    from lifecycle.models.sentence_encoder import SentenceEncoder
    from lifecycle.usecase import UseCase

WORDS, LENGTH = 5, 40
"""So many words, or letters, on average are written by people."""
TOPICS = 8
"""Of a text among the coordinates of a clustering."""


@dataclass(frozen=True, repr=False)
class Text(Role):
    """Free text.

    Attributes:
        sentences: what reads its sentences as vectors; `None`: the encoder of the extra `text`, which knows English.
        ways: in which it is read, one beside the other: `words`, `sentences`.
    """

    sentences: "SentenceEncoder | None" = None
    ways: tuple[str, ...] = ("words",)

    name = "text"
    feature = True
    personal = True
    input = "area"
    place = 2

    def refuses(self, dtype: Any) -> str:
        """Only texts can be read as such."""
        import polars as pl

        return "" if dtype == pl.String else "the type str"

    def encodes(self, dtype: Any) -> bool:
        """A text that `features()` hands on; what it makes of one (its length, say) is what its type says."""
        import polars as pl

        return dtype == pl.String

    def read_as(self, ways: tuple[str, ...]) -> "Text":
        """The ways that are known here."""
        known = tuple(way for way in ways if way in ("words", "sentences"))
        return replace(self, ways=known) if known else self

    def encoder(self, kind: "Kind", seed: int) -> "BaseEstimator":
        """How a linear model of its words reads it, and its topics; the vectors of its sentences; or both."""
        made = [(way, self._words(kind, seed) if way == "words" else self._sentences()) for way in self.ways]
        if len(made) == 1:
            return made[0][1]
        from sklearn.pipeline import FeatureUnion

        return FeatureUnion(made)

    def coordinates(self, kind: "Kind", seed: int) -> "BaseEstimator":
        """Its topics."""
        from lifecycle.models.text import Text as Encoder

        return Encoder(topics=TOPICS, seed=seed)

    @property
    def artifacts(self) -> "tuple[Artifact, ...]":
        """Those of the encoder of sentences, where it reads these."""
        return (self._encoder().weights, self._encoder().tokenizer) if "sentences" in self.ways else ()

    def prepare(self, use_case: "UseCase", inputs: "pl.Series") -> None:
        """Read the sentences, where a family of the definition does."""
        if self._reads_sentences(use_case):
            self._vectors(inputs.unique(maintain_order=True))

    def views(self, use_case: "UseCase", name: str, inputs: "pl.Series") -> "dict[str, tuple[dict[str, Any], pl.Series]]":
        """Its length, its vocabulary, and where a family of the definition reads sentences, where their vectors lie."""
        from lifecycle.monitoring import places, texts

        found = texts.fit(inputs)
        if self._reads_sentences(use_case):
            found |= places.fit(self._vectors, inputs, use_case.seed)
        return found

    def view(self, kept: "Mapping[str, Any]", inputs: "pl.Series") -> "pl.Series":
        """Of the vectors where it has centres, else of the words."""
        from lifecycle.monitoring import places, texts

        return places.read(kept, self._vectors, inputs) if "around" in kept else texts.read(kept, inputs)

    def drafted(self, column: "ColumnProfile") -> str:
        """Whether people wrote it in sentences."""
        written = column.words >= WORDS or (column.length >= LENGTH and column.words >= 3)
        found = column.type == "str" and written and column.distinct > 0.3 * (column.rows - column.nulls)
        return f"free text of {column.words:.0f} words on average" if found else ""

    def families(self) -> tuple[str, ...]:
        """Linear models and boosting on its sentences, where what reads these is installed."""
        if not extras.installed("text"):
            return ()
        return ('read_as(linear(), "sentences")', 'read_as(linear(), "words", "sentences")', 'read_as(boosting(), "words", "sentences")')

    def _reads_sentences(self, use_case: "UseCase") -> bool:
        return any("sentences" in candidate.ways for candidate in use_case.candidates)

    def _words(self, kind: "Kind", seed: int) -> "BaseEstimator":
        from lifecycle.models.text import Text as Encoder

        return Encoder(kind.text_model(seed), seed=seed)

    def _sentences(self) -> "BaseEstimator":
        from lifecycle.models.sentence_embedding import SentenceEmbedding

        return SentenceEmbedding(self._encoder())

    def _vectors(self, inputs: "pl.Series") -> "np.ndarray":
        return self._encoder().vectors(inputs.to_list())

    def _encoder(self) -> "SentenceEncoder":
        from lifecycle.models.sentence_encoder import MINILM

        return self.sentences or MINILM


role = Text()
