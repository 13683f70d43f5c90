"""The model card of a version with its plots and the gate's verdict."""

import base64
from typing import Any

from lifecycle.errors import LifecycleError
from lifecycle.overview.story import Decided
from lifecycle.pages.frame import Links, card, page
from lifecycle.pages.html import Html, joined, tag
from lifecycle.pages.markdown import rendered
from lifecycle.pages.verdict import checklist
from lifecycle.references import ModelVersion
from lifecycle.store import versions


def card_page(version: ModelVersion, decisions: tuple[Decided, ...], links: Links) -> str:
    """The page of a version, and `lifecycle card`."""
    mine = [each for each in decisions if each.version == version.version]
    judged = next((each for each in mine if each.checks), None)
    body = joined(
        tag("p", links.link("All use cases", ""), " / ", links.link(version.use_case, version.use_case)) if links.up is not None else None,
        tag("article", written(version), class_="card prose long"),
        card("The plots", plots(version), class_="long") if any(path.endswith(".png") for path in version.files) else None,
        card("The verdict", checklist(judged.checks), note=f"{judged.word}: {judged.reason}", class_="long") if judged else None,
    )
    return page(f"{version.use_case}, version {version.version}", body, links)


def written(version: ModelVersion) -> Html:
    """The card as it is kept with the version."""
    try:
        return rendered(versions.artifact(version, "model_card.md").decode())
    except LifecycleError as error:
        return tag("p", str(error), class_="bad")


def plots(version: ModelVersion) -> Html:
    """The plots of its evaluation, as pictures in the page."""
    found: list[Any] = []
    for path in sorted(path for path in version.files if path.endswith(".png")):
        name = path.rsplit("/", 1)[-1].removesuffix(".png").replace("_", " ")
        try:
            picture = base64.b64encode(versions.artifact(version, path)).decode()
        except LifecycleError as error:
            found.append(tag("p", str(error), class_="bad"))
            continue
        found.append(tag("figure", tag("img", src=f"data:image/png;base64,{picture}", alt=f"plot: {name}")))
    return tag("div", *found, class_="plots")
