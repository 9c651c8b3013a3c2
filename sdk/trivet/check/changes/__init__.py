"""Two documents of one kind -> what changed, each change under its rule; pure."""
