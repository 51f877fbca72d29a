"""Journeys: who enters, what each step does in the database, who ends, and the trail of it all."""
