"""An input of the model, taken for what its type says."""

from lifecycle.role import Role


class Feature(Role):
    """An input of the model, taken for what its type says."""

    name = "feature"
    feature = True
    beside = False


role = Feature()
