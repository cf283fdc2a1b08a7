"""Why something about webhooks was refused, each with a sentence that says what to do next."""

from __future__ import annotations

from django.utils.translation import gettext as _

from audit.exceptions import Refusal


class WebhookError(Refusal):
    """A refusal; its text is for the person who asked."""


class NotAWebhookAddress(WebhookError):
    def __init__(self, url: str) -> None:
        super().__init__(
            _(
                "%(url)s is no address for webhooks: give one that begins with https://, without user name and "
                "without #."
            )
            % {"url": repr(url[:100])}
        )


class AddressNotAllowed(WebhookError):
    def __init__(self, address: str) -> None:
        super().__init__(
            _(
                "%(address)s is not on the internet. Whoever runs this service may allow its network in "
                "WEBHOOK_NETWORKS."
            )
            % {"address": address}
        )


class UnknownKinds(WebhookError):
    def __init__(self, unknown: list[str], known: list[str]) -> None:
        super().__init__(
            _("There are no events %(unknown)s. The events are: %(known)s.")
            % {"unknown": ", ".join(unknown), "known": ", ".join(known)}
        )


class NoSuchWebhook(WebhookError):
    def __init__(self, webhook_id: object) -> None:
        super().__init__(
            _("There is no webhook %(id)s. `list_webhooks` shows those there are.")
            % {"id": webhook_id}
        )


class SecretIsLost(Exception):
    """No key of the settings opens an endpoint's secret."""

    def __init__(self) -> None:
        super().__init__("no key of the settings opens the secret: rotate it")
