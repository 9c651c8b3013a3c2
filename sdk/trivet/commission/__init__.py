"""Getting appliances connected: simulators, and the demonstration that uses them."""
