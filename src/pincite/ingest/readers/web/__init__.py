"""Reader of HTML and XML of no particular form."""
