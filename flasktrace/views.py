"""Views as classes."""

from collections.abc import Callable, Collection
from typing import Any, ClassVar

from flasktrace.globals import current_app, request

http_method_funcs = frozenset({"get", "post", "head", "options", "delete", "put", "trace", "patch"})
"""The methods of a `MethodView` that answer a request."""


class View:
    """A view with its own class: `dispatch_request` answers, `as_view` makes the function."""

    #: Methods that the url rule allows; GET when a subclass says nothing.
    methods: ClassVar[Collection[str] | None] = None
    #: Whether the app answers OPTIONS.
    provide_automatic_options: ClassVar[bool | None] = None
    #: Decorators for the view function, the last one outermost.
    decorators: ClassVar[list[Callable[..., Any]]] = []
    #: Whether each request has an instance of its own; one for all is faster, but must not be
    #: written to.
    init_every_request: ClassVar[bool] = True

    def dispatch_request(self) -> Any:
        """Answer the request; the values of the url are the arguments."""
        raise NotImplementedError

    @classmethod
    def as_view(cls, name: str, *class_args: Any, **class_kwargs: Any) -> Callable[..., Any]:
        """Return the view function *name*; the other arguments are those of the class."""
        if cls.init_every_request:

            def view(**kwargs: Any) -> Any:
                # view_class may be changed by whoever holds the function
                made = view.view_class(*class_args, **class_kwargs)  # type: ignore[attr-defined]
                return current_app.ensure_sync(made.dispatch_request)(**kwargs)

        else:
            shared = cls(*class_args, **class_kwargs)

            def view(**kwargs: Any) -> Any:
                return current_app.ensure_sync(shared.dispatch_request)(**kwargs)

        cls._name(view, name)
        for decorate in cls.decorators:
            view = decorate(view)
        cls._name(view, name)
        view.__doc__ = cls.__doc__
        view.view_class = cls  # type: ignore[attr-defined]
        view.methods = cls.methods  # type: ignore[attr-defined]
        view.provide_automatic_options = cls.provide_automatic_options  # type: ignore[attr-defined]
        return view

    @classmethod
    def _name(cls, view: Callable[..., Any], name: str) -> None:
        view.__name__ = name
        view.__module__ = cls.__module__


class MethodView(View):
    """A view with a method for each HTTP method: ``get``, ``post`` and so on."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Find the HTTP methods that the class and its bases answer."""
        super().__init_subclass__(**kwargs)
        if "methods" in cls.__dict__:
            return
        found = {name.upper() for name in http_method_funcs if hasattr(cls, name)}
        for base in cls.__bases__:
            found.update(getattr(base, "methods", None) or ())
        if found:
            cls.methods = found

    def dispatch_request(self, **kwargs: Any) -> Any:
        """Call the method for the request's own; GET stands in for HEAD."""
        method = getattr(self, request.method.lower(), None)
        if method is None and request.method == "HEAD":
            method = getattr(self, "get", None)
        if method is None:
            raise NotImplementedError(f"{type(self).__name__} has no method {request.method!r}.")
        return current_app.ensure_sync(method)(**kwargs)
