"""The clinic's page in a browser: plain forms, no script. Needs the extra `accord-checkin[web]`."""
