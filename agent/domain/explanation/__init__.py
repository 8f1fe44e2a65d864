"""Why an objective stands as it does: the steps of the reasoning, as codes and values."""
