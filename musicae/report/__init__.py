"""What was measured, for people: tables, figures and a page that holds them all."""
