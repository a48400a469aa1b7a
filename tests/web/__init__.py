"""Stories about the clinic's page."""
