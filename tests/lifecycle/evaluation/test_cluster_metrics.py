"""Metrics of clusterings are scikit-learn's."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score

from lifecycle.evaluation.cluster_metrics import SILHOUETTE_ROWS, silhouettes, spaced, stability, too_small
from lifecycle.evaluation.metrics import compute, statistics


def blobs(rows: int = 600, clusters: int = 4, seed: int = 0) -> tuple[np.ndarray, pl.DataFrame]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, clusters, rows)
    y = random.normal(size=(rows, 3)) + 2 * labels[:, None]
    return y, pl.DataFrame({"prediction": labels.astype(str)})


def test_each_metric_is_scikit_learns():
    y, said = blobs()
    labels = said["prediction"].to_numpy()
    found = compute("clustering", y, said)
    assert found["silhouette"] == pytest.approx(silhouette_score(y, labels))
    assert found["davies_bouldin"] == pytest.approx(davies_bouldin_score(y, labels))
    assert found["calinski_harabasz"] == pytest.approx(calinski_harabasz_score(y, labels))


def test_a_row_that_counts_twice_is_as_two_rows_for_the_index_of_sums():
    y, said = blobs(200)
    twice = compute("clustering", np.vstack([y, y]), pl.concat([said, said]), names=["calinski_harabasz"])
    weighted = compute("clustering", y, said, weights=np.full(200, 2.0), names=["calinski_harabasz"])
    assert weighted["calinski_harabasz"] == pytest.approx(twice["calinski_harabasz"])


def test_clusters_of_rows_are_weighted_together():
    y, said = blobs(300)
    codes = np.arange(300) // 3
    weights = np.random.default_rng(1).integers(0, 3, (5, 100))
    for statistic in statistics("clustering", y, said):
        by_cluster = statistic.by(codes, 100).values(weights)
        by_row = statistic.values(weights[:, codes])
        for name, values in by_cluster.items():
            np.testing.assert_allclose(values, by_row[name])


def test_the_silhouette_of_many_rows_is_that_of_evenly_spaced_ones_and_close_to_all():
    y, said = blobs(3 * SILHOUETTE_ROWS)
    labels = said["prediction"].to_numpy().astype(int)
    known = np.flatnonzero(np.isfinite(silhouettes(y, labels)))
    np.testing.assert_array_equal(known, spaced(3 * SILHOUETTE_ROWS, SILHOUETTE_ROWS))
    assert compute("clustering", y, said)["silhouette"] == pytest.approx(silhouette_score(y, labels), abs=0.02)


def test_one_cluster_has_no_metric():
    y, _ = blobs(50)
    assert compute("clustering", y, pl.DataFrame({"prediction": ["1"] * 50})) == {}


def test_the_same_clusters_under_other_names_are_stable_and_chance_is_not():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 500)
    value, low, high = stability([labels, 2 - labels, (labels + 1) % 3])
    assert (value, low, high) == (1.0, 1.0, 1.0)
    value, low, high = stability([random.integers(0, 3, 500) for _ in range(6)])
    assert abs(value) < 0.02
    assert low < value < high


def test_a_handful_of_odd_rows_is_no_cluster():
    assert too_small(np.array(["1"] * 999 + ["2"]))
    assert not too_small(np.array(["1"] * 98 + ["2"] * 2))
