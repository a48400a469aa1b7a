"""How discreet the chat is: whether it carries questions and answers, or nothing but a link to a page with them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chat:
    """Where check-ins are answered: in the "chat", or on the clinic's "page", to which the chat only has a link."""

    answer_on: str = "chat"

    @property
    def on_page(self) -> bool:
        """Whether the chat carries no question and no answer."""
        return self.answer_on == "page"


@dataclass(frozen=True, slots=True)
class Web:
    """The clinic's page: where it listens, and how browsers reach it. Port 0: any free one. `second_factor`: what a
    log-in asks for besides its link, "none" or "totp", a code of an authenticator app.
    """

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""
    second_factor: str = "none"

    @property
    def for_phones(self) -> bool:
        """Whether a link to it can stand in the chat: Telegram takes none without a dot in its name."""
        return self.enabled and "." in self.public_url

    @property
    def address(self) -> str:
        """What links to the page begin with, without a slash at the end."""
        return self.public_url or f"http://{self.host}:{self.port}"
