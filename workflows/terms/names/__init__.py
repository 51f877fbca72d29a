"""What people call events and fields, in both languages."""
