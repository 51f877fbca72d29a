"""What is learned from what customers said and did: the review of a show, requirements for products."""
