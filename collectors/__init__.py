"""Everything that comes in: one collector per source, one reader per file format."""
