"""Every query: verbs of the domain over the tables. Takes and returns core values; migrations inside."""
