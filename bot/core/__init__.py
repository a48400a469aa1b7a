"""The pure room: values in, values out. No clock, no I/O, no async, no logging; a test holds it."""
