"""From a document's text to its validated, compiled model."""
