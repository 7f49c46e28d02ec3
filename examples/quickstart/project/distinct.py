"""Remove duplicates from a list, keeping the first of each and the order."""


def distinct(values):
    raise NotImplementedError
