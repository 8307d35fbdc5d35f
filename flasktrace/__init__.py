"""A web framework in the shape of Flask 0.1, and a tracer that shows what a request did."""

from jinja2 import Template
from markupsafe import Markup, escape

from flasktrace import json, signals
from flasktrace.aliasing import install_as_flask
from flasktrace.app import Flask
from flasktrace.blueprints import Blueprint
from flasktrace.config import Config
from flasktrace.context import (
    after_this_request,
    copy_current_request_context,
    has_app_context,
    has_request_context,
)
from flasktrace.files import send_file, send_from_directory
from flasktrace.flashing import flash, get_flashed_messages
from flasktrace.globals import current_app, g, request, session
from flasktrace.json import jsonify
from flasktrace.responses import make_response
from flasktrace.signals import (
    appcontext_popped,
    appcontext_pushed,
    appcontext_tearing_down,
    before_render_template,
    got_request_exception,
    message_flashed,
    request_finished,
    request_started,
    request_tearing_down,
    template_rendered,
)
from flasktrace.streaming import stream_with_context
from flasktrace.templating import (
    get_template_attribute,
    render_template,
    render_template_string,
    stream_template,
    stream_template_string,
)
from flasktrace.trace.record.spans import current_trace, event, span
from flasktrace.trace.tracer import Tracer, capture, unwrap, wrap
from flasktrace.urls import abort, redirect, url_for
from flasktrace.wrappers import Request, Response

__version__ = "0.1.0"

__all__ = [
    "Blueprint",
    "Config",
    "Flask",
    "Markup",
    "Request",
    "Response",
    "Template",
    "Tracer",
    "abort",
    "after_this_request",
    "appcontext_popped",
    "appcontext_pushed",
    "appcontext_tearing_down",
    "before_render_template",
    "capture",
    "copy_current_request_context",
    "current_app",
    "current_trace",
    "escape",
    "event",
    "flash",
    "g",
    "get_flashed_messages",
    "get_template_attribute",
    "got_request_exception",
    "has_app_context",
    "has_request_context",
    "install_as_flask",
    "json",
    "jsonify",
    "make_response",
    "message_flashed",
    "redirect",
    "render_template",
    "render_template_string",
    "request",
    "request_finished",
    "request_started",
    "request_tearing_down",
    "send_file",
    "send_from_directory",
    "session",
    "signals",
    "span",
    "stream_template",
    "stream_template_string",
    "stream_with_context",
    "template_rendered",
    "unwrap",
    "url_for",
    "wrap",
]
