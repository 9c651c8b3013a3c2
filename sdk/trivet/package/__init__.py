"""The .trivet file: manifest, safe reader, graph walk, signatures, trust. Standard library and cryptography only."""
