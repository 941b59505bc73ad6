"""Files that come along: the policy of the current folder, else the checkout's, else the package's."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[2]


def shipped(name: str) -> Path:
    """The file `name`, such as `policies/storefront.yaml`, wherever it lies; the name itself if nowhere."""
    places = (Path(name), _PACKAGE.parent / name, _PACKAGE / "shipped" / name)
    return next((place for place in places if place.is_file()), Path(name))
