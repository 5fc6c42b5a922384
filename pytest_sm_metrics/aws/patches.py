"""Patches: attributes of other libraries that are replaced for a time, and restored."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_ABSENT = object()


class Patches:
    """Replaced attributes, and what restores them."""

    def __init__(self) -> None:
        self._replaced: list[tuple[Any, str, Any, Any]] = []

    def __bool__(self) -> bool:
        return bool(self._replaced)

    def replace(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Replace an attribute that a module or a class has itself; `make` gets the original."""
        original = vars(owner)[name]
        self._set(owner, name, original, make(original))

    def wrap(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Replace a method by a function that has its name, signature and documentation."""
        self.replace(owner, name, lambda original: functools.wraps(original)(make(original)))

    def add(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute that a module or a class does not have itself."""
        self._set(owner, name, _ABSENT, value)

    def has(self, owner: Any, name: str) -> bool:
        """Return True if the attribute is patched."""
        return any(one is owner and of == name for one, of, _, _ in self._replaced)

    def original(self, owner: Any, name: str) -> Any:
        """Return what a patched attribute was before; None if it is not patched."""
        for one, of, original, _ in self._replaced:
            if one is owner and of == name:
                return original
        return None

    def restore(self) -> None:
        """Restore the originals. A patch that other code has wrapped stays, and does nothing."""
        while self._replaced:
            owner, name, original, replacement = self._replaced[-1]
            if vars(owner).get(name) is replacement:
                if original is _ABSENT:
                    delattr(owner, name)
                else:
                    setattr(owner, name, original)
            self._replaced.pop()

    def _set(self, owner: Any, name: str, original: Any, replacement: Any) -> None:
        self._replaced.append((owner, name, original, replacement))  # first: it may be interrupted
        setattr(owner, name, replacement)


def bound(original: Any, instance: Any) -> Any:
    """Return a class's attribute bound to an instance, as `instance.attribute` does."""
    bind = getattr(type(original), "__get__", None)
    return bind(original, instance, type(instance)) if bind else original
