"""Everything that goes out: the dossier and the targets that receive it."""
