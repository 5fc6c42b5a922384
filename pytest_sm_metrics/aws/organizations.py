"""The organization of an account, as far as moto has one."""

from __future__ import annotations

import sys

from .moto import moto_is_on


def organization_in_moto(account_id: str) -> str | None:
    """Return the id of moto's organization with this account; None without one, or without moto."""
    moto = sys.modules.get("moto.organizations.models")
    if moto is None or not moto_is_on():
        return None
    for of_account in list(moto.organizations_backends.values()):
        for backend in list(of_account.values()):
            if backend.org is not None and account_id in [one.id for one in backend.accounts]:
                return str(backend.org.id)
    return None
