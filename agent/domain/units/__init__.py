"""The units of an objective: each directory or exposed element, its life, its audits, and the rule that judges it."""
