"""The demo: a small clinic on a local Bot API, by a clock that is moved by hand. Nothing is faked but the time."""
