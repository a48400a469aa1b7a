"""What people tap and type, and what they get back. Handlers decide inside one transaction; `app` does the sending."""
