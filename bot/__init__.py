"""Accord: a chat check-in bot that shows a therapist where patient and therapist see goals or tasks differently."""
