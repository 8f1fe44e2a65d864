"""The demonstration's story: a fictional hospital group, its directories, its audits and its files."""
