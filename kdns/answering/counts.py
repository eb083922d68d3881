"""What is counted for each answer that is sent: plain integers, summed when a scrape asks for them."""


class Count:
    """A number that only grows."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0
