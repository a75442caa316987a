"""The only place that builds parts from settings; faces get finished parts from here."""
