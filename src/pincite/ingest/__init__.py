"""From files to documents: readers, the provision tree, passages, references, and the build of a generation."""
