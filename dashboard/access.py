"""Who may see the dashboard: whoever signs in where a sign-in is configured, else only the person at this machine."""

import ipaddress
from typing import Final

import streamlit as st

LOOPBACK_NAMES: Final = ("localhost",)


def allowed() -> bool:
    """Whether the page may go on; what is shown otherwise is on the page already."""
    if _sign_in_configured():
        if st.user.is_logged_in:
            if _listed(str(st.user.get("email") or "")) and st.user.get("email_verified", True) is not False:
                return True
            st.error("You are signed in, but not as somebody who may see this account.", icon=":material/block:")
            st.button("Sign out", on_click=st.logout)
            return False
        st.title("Tron", anchor=False)
        st.write("Sign in to see the account and to approve its plan.")
        st.button("Sign in", type="primary", on_click=st.login, width="stretch")
        return False
    if _local(st.context.headers.get("Host", ""), st.context.ip_address):
        return True
    st.error(
        "This dashboard has no sign-in, so it answers on its own machine only. To open it to others, configure [auth] "
        "in .streamlit/secrets.toml (docs/dashboard.md).",
        icon=":material/block:",
    )
    return False


def _sign_in_configured() -> bool:
    try:
        return "auth" in st.secrets
    except FileNotFoundError:
        return False


def _listed(email: str) -> bool:
    """Those named in [tron] emails may; nobody else, and nobody where none is named.

    Some providers let anybody claim an address: one that says so of it is not believed.
    """
    section = st.secrets.get("tron", {})
    return email.lower() in {str(one).lower() for one in section.get("emails", [])}


def _local(host: str, address: str | None) -> bool:
    """By the name that the browser asked for and the address that it came from; None: this machine itself."""
    name = host.rsplit(":", 1)[0].strip("[]") if not host.endswith("]") else host.strip("[]")
    return _loopback(name) and (address is None or _loopback(address))


def _loopback(name: str) -> bool:
    if name in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
