"""How discreet the chat is: whether it carries questions and answers, or nothing but a link to them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chat:
    """Where check-ins are answered: in the "chat", or on the clinic's "page", to which the chat only has a link."""

    answer_on: str = "chat"

    @property
    def on_page(self) -> bool:
        """Whether the chat carries no question and no answer."""
        return self.answer_on == "page"
