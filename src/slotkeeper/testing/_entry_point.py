"""What hypothesis loads when it starts: the registration of the strategies."""
