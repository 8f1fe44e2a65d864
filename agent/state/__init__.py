"""The agent's own database: runs, attempts, blocked accounts, alerts, outbox."""
