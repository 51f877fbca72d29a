"""What journeys brought: experiments, attribution, what a customer is worth."""
