"""Pages in a real headless Chromium; run with -m browser. Needs a `chromium` on the path."""
