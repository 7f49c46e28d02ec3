"""Asking the provider whether it takes the credentials, before the first trial starts."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping

TIMEOUT_S = 10.0
DEFAULT = "https://api.anthropic.com"


def refused(env: Mapping[str, str]) -> str:
    """Why the provider refuses an API key; empty if it does not, cannot be asked, or no key is used.

    Lists the models, which costs nothing. Only a clear refusal counts: a gateway may not know this question, and
    whether the network is there is found out by the sessions.
    """
    key = env.get("ANTHROPIC_API_KEY")
    if not key:
        return ""
    base = (env.get("ANTHROPIC_BASE_URL") or DEFAULT).rstrip("/")
    headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{base}/v1/models", headers=headers), timeout=TIMEOUT_S):
            return ""
    except urllib.error.HTTPError as error:
        return f"{base} refuses the ANTHROPIC_API_KEY ({error.code}): check the key" if error.code in (401, 403) else ""
    except (OSError, ValueError, http.client.HTTPException):
        return ""
