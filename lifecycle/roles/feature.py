"""An input of the model, taken for what its type says."""

from lifecycle.role import Role


class Feature(Role):
    """An input of the model, taken for what its type says."""

    name = "feature"
    meaning = "an input of the model"
    feature = True
    beside = False


role = Feature()
