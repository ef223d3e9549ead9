"""Never run."""
