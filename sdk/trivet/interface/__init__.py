"""Documents: what people write, as frozen values; reading, checking and naming them."""
