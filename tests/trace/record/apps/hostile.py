"""Objects whose every method is an alarm."""


class Hostile:
    """Whose every method is an alarm."""

    calls = 0

    def alarm(self, *_args, **_named):
        type(self).calls += 1
        raise SystemExit("touched")

    def __getattribute__(self, name):
        Hostile.calls += 1
        raise SystemExit("touched")

    __repr__ = __str__ = __len__ = __eq__ = __hash__ = __bool__ = __iter__ = alarm
    __getattr__ = __contains__ = __getitem__ = __int__ = __call__ = __fspath__ = __format__ = alarm
    __class__ = property(alarm)


class HostileDict(dict):
    def alarm(self, *_args, **_named):
        Hostile.calls += 1
        raise SystemExit("touched")

    __repr__ = __str__ = __len__ = __eq__ = __hash__ = __bool__ = __iter__ = items = keys = alarm
    values = get = __contains__ = __getitem__ = __getattribute__ = alarm
