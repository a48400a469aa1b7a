"""Files of other programs, to and from values: tables of appointments (.csv) and calendars (.ics)."""
