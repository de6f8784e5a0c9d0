"""Marks of the whole suite."""


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: measures time or processor; nothing else runs beside it (tests/run)")
