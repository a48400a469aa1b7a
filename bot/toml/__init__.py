"""Reading TOML that people type: every mistake of a file at once, each with its line and its remedy."""
