"""The asynchronous loop around the pure rooms: devices in, lines out, memory kept."""
