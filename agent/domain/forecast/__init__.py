"""What has to be done until the declaration, by when, and what can no longer be repaired (rules of the forecast)."""
