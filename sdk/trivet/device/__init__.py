"""Controllers: profiles, device documents, the adapter API, and binding points to signals."""
