"""Marks of the whole suite."""


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: measures time or processor; nothing else runs beside it (tests/run)")


def pytest_collection_modifyitems(items):
    """The longest first: what is shared out last should be short."""
    items.sort(key=lambda item: "test_soak" not in item.nodeid)
