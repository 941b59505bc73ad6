"""The files that are shipped: in the current folder, the checkout or the package."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[2]


def shipped(name: str) -> Path:
    """Return the path of the file `name`, such as `policies/storefront.yaml`.

    The current folder comes first, then the checkout, then the package; the name itself where it is in none.
    """
    places = (Path(name), _PACKAGE.parent / name, _PACKAGE / "shipped" / name)
    return next((place for place in places if place.is_file()), Path(name))
