"""Identity: customers that turn out to be one person become one, and can be taken apart again."""
