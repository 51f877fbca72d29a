"""What people read: texts made from templates, links in them, what each channel asks of a text."""
