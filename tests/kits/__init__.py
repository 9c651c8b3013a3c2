"""What each adapter brings to the adapter contract: a started endpoint and what it shows."""
