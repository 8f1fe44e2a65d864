"""Carénage: the agent that collects, keeps and proves a hospital's CaRE evidence."""
