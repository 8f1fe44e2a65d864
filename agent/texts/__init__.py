"""French wording of what the domain yields, one module per matter; every surface may use it."""
