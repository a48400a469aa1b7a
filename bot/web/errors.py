"""What can keep the page from being served."""


class CannotListen(Exception):
    """The page's address is not to be had; the text is a sentence with the remedy."""
