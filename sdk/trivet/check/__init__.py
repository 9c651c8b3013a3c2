"""What documents, and changes of documents, do to those who rely on them."""
